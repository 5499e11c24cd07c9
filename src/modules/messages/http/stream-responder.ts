import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import pLimit from 'p-limit';
import type { Actor } from '../../../common/actor.js';
import { writeEventStream } from '../../../common/http/event-stream.js';
import { AnswersInFlight } from '../../../common/http/in-flight.js';
import { LiveConnections } from '../../../common/http/live-connections.js';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import type { Message } from '../message.js';
import { isTerminal } from '../message-status.js';
import { NotAReplyError, TooManyStreamsError } from '../messages.errors.js';
import { MessagesService } from '../messages.service.js';
import { ReplyStreams } from '../stream/reply-streams.js';
import { remainingEvents, toFrame } from '../stream/stream-events.js';
import { parsePlace, type Place } from '../stream/stream-place.js';

/** In UTF-16 units. */
const PIECE_LENGTH = 16_384;

/** One of the streams that a user may have open, before and while it is. */
export interface StreamPlace {
  readonly signal: AbortSignal;
  /** Ends the stream that has taken it. */
  readonly cut: () => void;
  /** Makes room for another. */
  readonly leave: () => void;
}

/** Answers with a reply's stream. */
@Injectable()
export class StreamResponder {
  /** Long texts are read one at a time: many at once would hold the process up. */
  private readonly turns = pLimit(1);

  constructor(
    private readonly messages: MessagesService,
    private readonly streams: ReplyStreams,
    private readonly open: LiveConnections,
    private readonly answers: AnswersInFlight,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** A place that is the caller's until `stream` is done with it or it is left. @throws TooManyStreamsError */
  reserve({ userId, sessionId }: Actor): StreamPlace {
    if (this.open.countOf(userId) >= this.config.MAX_STREAMS) throw new TooManyStreamsError(this.config.MAX_STREAMS);
    const connection = new AbortController();
    const cut = () => {
      connection.abort();
    };
    return { signal: connection.signal, cut, leave: this.open.add({ userId, sessionId, cut }) };
  }

  /**
   * The reply's stream after `Last-Event-ID`; 204 where there is nothing to stream.
   *
   * @throws NotFoundError, NotAReplyError, TooManyStreamsError, TooMuchInFlightError
   */
  async resume(
    actor: Actor,
    { chatroomId, id }: { readonly chatroomId: string; readonly id: string },
    request: FastifyRequest,
    response: FastifyReply,
  ): Promise<void> {
    const { 'last-event-id': last } = request.headers;
    const from = parsePlace(typeof last === 'string' ? last : undefined);
    // Counted before it is read.
    const bytes = await this.messages.getContentSize(actor, chatroomId, id);
    const giveBack = this.hold(actor, bytes);
    const read = () => this.messages.getMessage(actor, chatroomId, id, 0);
    try {
      const reply = await (bytes > this.answers.uncounted ? this.turns(read) : read());
      if (reply.role !== 'model') throw new NotAReplyError();
      if (isOver(reply, from)) await response.status(204).send();
      else await this.stream(this.reserve(actor), reply, from, response);
    } finally {
      giveBack();
    }
  }

  /** The reply's stream from its start; 204 without a reply. @throws TooManyStreamsError, TooMuchInFlightError */
  async start(actor: Actor, reply: Message | null, response: FastifyReply): Promise<void> {
    const giveBack = this.hold(actor, reply?.content.length ?? 0);
    try {
      if (reply) await this.stream(this.reserve(actor), reply, null, response);
      else await response.status(204).send();
    } finally {
      giveBack();
    }
  }

  /** The reply's stream after `from`, until it ends or is cut. */
  async stream({ signal, cut, leave }: StreamPlace, reply: Message, from: Place | null, response: FastifyReply): Promise<void> {
    try {
      await writeEventStream(response, this.frames(reply, from, signal), { signal, onClose: cut });
    } finally {
      leave();
    }
  }

  /** The text of a finished reply is in memory until its reader has it. @returns what gives its bytes back */
  private hold({ userId }: Actor, bytes: number): () => void {
    return bytes > this.answers.uncounted ? this.answers.bytes.take(userId, bytes) : () => undefined;
  }

  /** Events in pieces of a size that a connection takes at once, made as they are read. */
  private async *frames(reply: Message, from: Place | null, signal: AbortSignal): AsyncGenerator<string> {
    for await (const events of this.streams.read(reply, from, signal)) {
      let piece = '';
      for (const event of events) {
        piece += toFrame(event);
        if (piece.length < PIECE_LENGTH) continue;
        yield piece;
        piece = '';
      }
      if (piece !== '') yield piece;
    }
  }
}

const isOver = ({ status, ...reply }: Message, from: Place | null): boolean =>
  from !== null && isTerminal(status) && remainingEvents({ ...reply, status }, from).length === 0;
