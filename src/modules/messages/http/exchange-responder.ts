import { Injectable } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../../../common/actor.js';
import { type AnsweredExchange, MessagesService } from '../messages.service.js';
import { ExchangeResponse, toExchangeResponse } from './message.response.js';
import { StreamResponder } from './stream-responder.js';

export const EXCHANGE_DESCRIPTION =
  'The reply is created in the background. Read it at `Location`; `?wait=` waits until it is finished. ' +
  "With `Accept: text/event-stream` the response is 200 and the reply's stream.";

export const STREAM_DESCRIPTION =
  "Server-sent events in the AI SDK's UI message stream protocol. If the connection ends before the stream does, open it again with `Last-Event-ID`. " +
  'A transient part `data-wait` with `{status, model, until, retry_after}` reports that the model accepts no requests before `until`, which is in `retry_after` seconds, and that the ' +
  'reply, which has the status `status`, waits for it. The part has the id of the event before it, and a replay does not contain it.';

export const EXCHANGE_ANSWER = {
  type: ExchangeResponse,
  headers: { Location: { description: 'Path of the reply.', schema: { type: 'string' } } },
} as const;

export const ApiReplyStream = () =>
  ApiOkResponse({ description: STREAM_DESCRIPTION, content: { 'text/event-stream': { schema: { type: 'string' } } } });

/** Answers a request that creates a reply: with the accepted exchange, or with the reply's stream. */
@Injectable()
export class ExchangeResponder {
  constructor(
    private readonly streams: StreamResponder,
    private readonly messages: MessagesService,
  ) {}

  async answer(actor: Actor, request: FastifyRequest, response: FastifyReply, accept: () => Promise<AnsweredExchange>): Promise<void> {
    const isStreamed = /\btext\/event-stream\b/i.test(request.headers.accept ?? '');
    // The slot is reserved first, because an accepted reply that could not be streamed would have cost a unit.
    const slot = isStreamed ? this.streams.reserve(actor) : null;
    try {
      const exchange = await accept();
      const { id, chatroomId } = exchange.reply;
      response.header('location', `/chatroom/${chatroomId}/message/${id}`);
      if (slot === null) await response.status(202).send(toExchangeResponse(exchange));
      else {
        // A repeated request joins the reply as it is by now.
        const reply = exchange.isRepeat ? await this.messages.getMessage(actor, { chatroomId, messageId: id }) : exchange.reply;
        await this.streams.stream(slot, reply, null, response);
      }
    } finally {
      slot?.free();
    }
  }
}
