import { Injectable } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../../../common/actor.js';
import { type AnsweredExchange, MessagesService } from '../messages.service.js';
import { ExchangeResponse, toExchangeResponse } from './message.response.js';
import { StreamResponder } from './stream-responder.js';

export const EXCHANGE_DESCRIPTION =
  "The reply is made in the background: read it at `Location`, with `?wait=` to be told when it is finished. With `Accept: text/event-stream` the answer is 200 and the reply's stream.";

export const STREAM_DESCRIPTION =
  "Server-sent events in the AI SDK's UI message stream protocol. A connection that ends without an ending wants to be opened again, with `Last-Event-ID`. " +
  'A transient part `data-wait` with `{status, model, until, retry_after}` says that the model takes no requests before `until`, which is in `retry_after` seconds, and that the reply, ' +
  'whose status is `status`, waits for it. Its id is that of the event before it, and a replay does not repeat it.';

export const EXCHANGE_ANSWER = {
  type: ExchangeResponse,
  headers: { Location: { description: 'Path of the reply.', schema: { type: 'string' } } },
} as const;

export const ApiReplyStream = () =>
  ApiOkResponse({ description: STREAM_DESCRIPTION, content: { 'text/event-stream': { schema: { type: 'string' } } } });

/** Answers a request that made a reply: with what was accepted, or with the reply's stream. */
@Injectable()
export class ExchangeResponder {
  constructor(
    private readonly streams: StreamResponder,
    private readonly messages: MessagesService,
  ) {}

  async answer(actor: Actor, request: FastifyRequest, response: FastifyReply, accept: () => Promise<AnsweredExchange>): Promise<void> {
    const isStreamed = /\btext\/event-stream\b/i.test(request.headers.accept ?? '');
    // Before anything is accepted that could then not be streamed.
    const place = isStreamed ? this.streams.reserve(actor) : null;
    try {
      const exchange = await accept();
      const { id, chatroomId } = exchange.reply;
      response.header('location', `/chatroom/${chatroomId}/message/${id}`);
      if (place === null) await response.status(202).send(toExchangeResponse(exchange));
      else {
        // A repeat joins the reply as it is by now.
        const reply = exchange.isRepeat ? await this.messages.getMessage(actor, { chatroomId, messageId: id }) : exchange.reply;
        await this.streams.stream(place, reply, null, response);
      }
    } finally {
      place?.leave();
    }
  }
}
