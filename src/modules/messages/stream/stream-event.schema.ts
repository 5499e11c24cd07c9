import { z } from 'zod';
import { componentsOf } from '../../../common/http/json-schemas.js';
import { FINISH_REASONS, MESSAGE_STATUSES } from '../message-status.js';
import { REPLY_ERROR_CODES } from '../reply-errors.js';

const text = { id: z.string() };

const usage = z.object({
  input_tokens: z.int(),
  output_tokens: z.int(),
  reasoning_tokens: z.int(),
  total_tokens: z.int(),
  estimated: z.boolean(),
});

/** `messageMetadata` of the AI SDK: each event gives the members that are known by then; later ones replace them. */
const metadata = z.object({
  chatroom_id: z.uuid().optional(),
  reply_to: z.uuid().nullable().optional(),
  status: z.enum(MESSAGE_STATUSES),
  model: z.string().nullable().optional(),
  usage: usage.nullable().optional(),
  error: z.object({ code: z.enum(REPLY_ERROR_CODES), message: z.string() }).optional(),
});

const wait = z.object({ status: z.enum(MESSAGE_STATUSES), model: z.string(), until: z.iso.datetime(), retry_after: z.int() });

const event = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start'), messageId: z.uuid(), messageMetadata: metadata }),
  z.object({ type: z.literal('start-step') }),
  z
    .object({ type: z.literal('reset-step') })
    .meta({ description: 'A retried attempt starts over: drop the text and the thoughts so far.' }),
  z.object({ type: z.literal('text-start'), ...text }),
  z.object({ type: z.literal('text-delta'), ...text, delta: z.string() }),
  z.object({ type: z.literal('text-end'), ...text }),
  z.object({ type: z.literal('reasoning-start'), ...text }),
  z
    .object({ type: z.literal('reasoning-delta'), ...text, delta: z.string() })
    .meta({ description: "The model's summary of its thoughts." }),
  z.object({ type: z.literal('reasoning-end'), ...text }),
  z.object({ type: z.literal('source-url'), sourceId: z.string(), url: z.string(), title: z.string() }).meta({
    description: 'A web page that the answer rests on; the message names the passages.',
  }),
  z.object({ type: z.literal('finish-step') }),
  z.object({ type: z.literal('data-wait'), data: wait, transient: z.literal(true) }),
  z.object({ type: z.literal('message-metadata'), messageMetadata: metadata }),
  z.object({ type: z.literal('finish'), finishReason: z.enum(FINISH_REASONS), messageMetadata: metadata }),
  z.object({ type: z.literal('abort') }),
  z.object({ type: z.literal('error'), errorText: z.string() }),
]);

const registry = z.registry<{ id: string; description: string }>();
registry.add(event, {
  id: 'StreamEvent',
  description: 'The JSON in the `data` of one server-sent event. The last event of a stream is the text `[DONE]`.',
});
registry.add(metadata, {
  id: 'MessageMetadata',
  description: 'What the events `start`, `message-metadata` and `finish` say of the reply.',
});

/** JSON Schemas of what a reply's stream consists of, for the API's documentation. */
export const STREAM_SCHEMAS = componentsOf(registry);
