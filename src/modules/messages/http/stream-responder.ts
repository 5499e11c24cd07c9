import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../../../common/actor.js';
import { writeEventStream } from '../../../common/http/event-stream.js';
import { OpenStreams } from '../../../common/http/open-streams.js';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import type { Message } from '../message.js';
import { isTerminal } from '../message-status.js';
import { NotAReplyError, TooManyStreamsError } from '../messages.errors.js';
import { ReplyStreams } from '../stream/reply-streams.js';
import { remainingEvents, toFrame } from '../stream/stream-events.js';
import { parsePlace, type Place } from '../stream/stream-place.js';

/** Answers with a reply's stream. */
@Injectable()
export class StreamResponder {
  constructor(
    private readonly streams: ReplyStreams,
    private readonly open: OpenStreams,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws TooManyStreamsError: before a message is accepted for whose stream there is no room */
  checkRoom({ userId }: Actor): void {
    if (this.open.countOf(userId) >= this.config.MAX_STREAMS) throw new TooManyStreamsError(this.config.MAX_STREAMS);
  }

  /** The reply's stream after `Last-Event-ID`; 204 where there is nothing to stream. @throws NotAReplyError, TooManyStreamsError */
  async resume(actor: Actor, reply: Message, request: FastifyRequest, response: FastifyReply): Promise<void> {
    if (reply.role !== 'model') throw new NotAReplyError();
    const { 'last-event-id': last } = request.headers;
    const from = parsePlace(typeof last === 'string' ? last : undefined);
    if (isOver(reply, from)) await response.status(204).send();
    else await this.stream(actor, reply, from, response);
  }

  /** The reply's stream from its start; 204 without a reply. @throws TooManyStreamsError */
  async start(actor: Actor, reply: Message | null, response: FastifyReply): Promise<void> {
    if (reply) await this.stream(actor, reply, null, response);
    else await response.status(204).send();
  }

  private async stream(actor: Actor, reply: Message, from: Place | null, response: FastifyReply): Promise<void> {
    this.checkRoom(actor);
    const connection = new AbortController();
    const cut = () => {
      connection.abort();
    };
    const remove = this.open.add({ userId: actor.userId, sessionId: actor.sessionId, cut });
    try {
      await writeEventStream(response, this.frames(reply, from, connection.signal), { signal: connection.signal, onClose: cut });
    } finally {
      remove();
    }
  }

  private async *frames(reply: Message, from: Place | null, signal: AbortSignal): AsyncGenerator<string> {
    for await (const events of this.streams.read(reply, from, signal)) yield events.map(toFrame).join('');
  }
}

const isOver = ({ status, ...reply }: Message, from: Place | null): boolean =>
  from !== null && isTerminal(status) && remainingEvents({ ...reply, status }, from).length === 0;
