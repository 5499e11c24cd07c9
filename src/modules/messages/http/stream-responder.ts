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
import { isFinished } from '../message-status.js';
import { NotAReplyError } from '../messages.errors.js';
import { MessagesService } from '../messages.service.js';
import { ReplyStreamsService } from '../stream/reply-streams.service.js';
import { remainingEvents, type StreamEvent, toFrame } from '../stream/stream-events.js';
import { parsePosition, type StreamPosition } from '../stream/stream-position.js';

/** UTF-16 units of the frames that are written at once. */
const PIECE_LENGTH = 16_384;
/** More events are those of a replay, which few read at the same time, and whose pieces are made one by one. */
const MAX_SHARED_EVENTS = 32;

/** One of the streams that a user may have open, reserved before the stream begins. */
export interface StreamSlot {
  readonly signal: AbortSignal;
  /** Ends the stream that uses the slot. */
  readonly cut: () => void;
  /** Frees the slot. */
  readonly free: () => void;
}

/** Writes a reply's stream to the response. */
@Injectable()
export class StreamResponder {
  /** Long texts are read one at a time, because many at once would block the process. */
  private readonly turns = pLimit(1);
  /** The pieces of a few events, which the readers who share the events share. */
  private readonly pieces = new WeakMap<readonly StreamEvent[], readonly string[]>();

  constructor(
    private readonly messages: MessagesService,
    private readonly streams: ReplyStreamsService,
    private readonly open: LiveConnections,
    private readonly answers: AnswersInFlight,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** A slot that is reserved until `stream` ends or it is freed. @throws TooManyStreamsError */
  reserve({ userId, sessionId }: Actor): StreamSlot {
    const connection = new AbortController();
    const cut = () => {
      connection.abort();
    };
    return { signal: connection.signal, cut, free: this.open.add({ userId, sessionId, cut }, this.config.MAX_STREAMS) };
  }

  /**
   * Begins the reply's stream after `Last-Event-ID`; 204 where there is nothing to stream.
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
    const from = parsePosition(typeof last === 'string' ? last : undefined);
    // The bytes are counted before the text is read.
    const bytes = await this.messages.getContentSize(actor, { chatroomId, messageId: id });
    const release = this.hold(actor, bytes);
    const read = () => this.messages.getMessage(actor, { chatroomId, messageId: id });
    let isStreaming = false;
    try {
      const reply = await (bytes > this.answers.uncounted ? this.turns(read) : read());
      if (reply.role !== 'model') throw new NotAReplyError();
      if (hasNothingAfter(reply, from)) await response.status(204).send();
      else {
        this.stream(this.reserve(actor), reply, from, response, release);
        isStreaming = true;
      }
    } finally {
      if (!isStreaming) release();
    }
  }

  /** Begins the reply's stream at its start; 204 without a reply. @throws TooManyStreamsError, TooMuchInFlightError */
  async start(actor: Actor, reply: Message | null, response: FastifyReply): Promise<void> {
    if (!reply) await response.status(204).send();
    else {
      const release = this.hold(actor, reply.content.length + (reply.reasoning?.length ?? 0));
      try {
        this.stream(this.reserve(actor), reply, null, response, release);
      } catch (error) {
        release();
        throw error;
      }
    }
  }

  /**
   * Begins the reply's stream after `from`. It goes on when its handler has returned, until it ends or is cut: what
   * handled the request would otherwise stay in memory as long.
   *
   * @param onEnd is called when the stream has ended
   */
  stream(
    { signal, cut, free }: StreamSlot,
    reply: Message,
    from: StreamPosition | null,
    response: FastifyReply,
    onEnd: () => void = () => undefined,
  ): void {
    const events = this.streams.read(reply, from, signal);
    void writeEventStream(response, events, this.sharedPiecesOf, { signal, onClose: cut }).finally(() => {
      free();
      onEnd();
    });
  }

  /**
   * Counts the text of a finished reply, which is in memory until its reader has received it.
   *
   * @returns a function that releases the bytes
   */
  private hold({ userId }: Actor, bytes: number): () => void {
    return bytes > this.answers.uncounted ? this.answers.bytes.take(userId, bytes) : () => undefined;
  }

  private readonly sharedPiecesOf = (events: readonly StreamEvent[]): Iterable<string> => {
    const shared = this.pieces.get(events);
    if (shared !== undefined) return shared;
    if (events.length > MAX_SHARED_EVENTS) return piecesOf(events);
    const pieces = [...piecesOf(events)];
    this.pieces.set(events, pieces);
    return pieces;
  };
}

/** The events in pieces that a connection accepts at once. */
function* piecesOf(events: readonly StreamEvent[]): Generator<string> {
  let piece = '';
  for (const event of events) {
    piece += toFrame(event);
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

const hasNothingAfter = ({ status, ...reply }: Message, from: StreamPosition | null): boolean =>
  from !== null && isFinished(status) && remainingEvents({ ...reply, status }, from).length === 0;
