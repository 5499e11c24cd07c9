import { applyDecorators, Injectable } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiResponse } from '@nestjs/swagger';
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

const STREAM = { 'text/event-stream': { schema: { $ref: '#/components/schemas/StreamEvent' } } };

/** Documents a route that answers a stream. */
export const ApiReplyStream = () => ApiOkResponse({ description: STREAM_DESCRIPTION, content: STREAM });

/** Documents a route whose stream can be read from where it was cut. */
export const ApiResumedStream = () =>
  applyDecorators(
    ApiReplyStream(),
    ApiHeader({
      name: 'Last-Event-ID',
      required: false,
      schema: { type: 'string', maxLength: 100 },
      description: 'The `id` of the last event that was received. The stream goes on after it; without it from its start.',
    }),
  );

/**
 * Documents the stream that a request gets instead of 202 if it accepts one. A range comes after 202 in the document,
 * so that Swagger UI asks for the JSON by default.
 */
export const ApiStreamedExchange = () =>
  ApiResponse({ status: '2XX', description: `200 with \`Accept: text/event-stream\`. ${STREAM_DESCRIPTION}`, content: STREAM });

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
        this.streams.stream(slot, reply, null, response);
      }
    } catch (error) {
      slot?.free();
      throw error;
    }
  }
}
