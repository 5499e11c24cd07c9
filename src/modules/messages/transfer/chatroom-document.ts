import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { type FieldError, ValidationFailedError } from '../../../common/errors/common.errors.js';
import { componentsOf } from '../../../common/http/json-schemas.js';
import { trimLines } from '../../../common/visible-text.js';
import { REASONING_LEVELS } from '../../../config/models.js';
import { MAX_ATTACHMENTS, MAX_SIBLINGS } from '../message.js';
import { FINISH_REASONS } from '../message-status.js';
import { splitDocument } from './document-parts.js';
import { faultsOfDetails, REPLY_DETAILS, sizeOf } from './reply-details.js';
import { anyText, sentText } from './text-schema.js';

const MAX_ERRORS = 10;
/** The limit in code points, which is more than any model writes within PRO_MAX_OUTPUT_TOKENS. */
const MAX_REPLY = 100_000;

const trimLine = (value: string) => value.trim();
/** PostgreSQL has no year 0. */
const moment = z.iso.datetime().refine((value) => value >= '1970', { message: 'must not be before 1970' });
const count = z.int().min(0).max(2_147_483_647);
const position = z.int().min(1).max(2_147_483_647);

const userMessage = z.strictObject({
  n: position.meta({ description: 'Position in the list, from 1. Messages refer to each other by it.' }),
  parent: position.nullable().meta({ description: 'The message before it on its branch, which is earlier in the list.' }),
  role: z.literal('user'),
  content: sentText(0, 32_000, trimLines).meta({ description: 'At least one character, unless the message has attachments.' }),
  attachments: z
    .array(
      z.strictObject({ name: sentText(1, 255, trimLine), media_type: anyText(1, 100), size: z.int().min(0).max(Number.MAX_SAFE_INTEGER) }),
    )
    .max(MAX_ATTACHMENTS)
    .optional()
    .meta({ description: 'The files of the message, which are named and not contained. An import leaves them out.' }),
  web_search: z.boolean().optional().meta({ description: 'Whether its replies may search the web; absent where the room decides.' }),
  reasoning_level: z
    .enum(['default', ...REASONING_LEVELS])
    .optional()
    .meta({ description: 'The level of reasoning of its replies; absent where the room decides.' }),
  created_at: moment,
});

const reply = z.strictObject({
  n: position,
  parent: position.meta({ description: 'The message that it answers.' }),
  role: z.literal('model'),
  content: anyText(0, MAX_REPLY),
  status: z.enum(['completed', 'failed', 'blocked', 'cancelled']),
  model: anyText(1, 100).nullable(),
  finish_reason: z.enum(FINISH_REASONS).nullable(),
  block_reason: anyText(1, 100).nullable(),
  error: z
    .string()
    .regex(/^[a-z_]{1,64}$/)
    .max(64)
    .nullable()
    .meta({ description: 'The error code of a failed reply; otherwise null.' }),
  usage: z
    .strictObject({ input_tokens: count, output_tokens: count, reasoning_tokens: count, total_tokens: count, estimated: z.boolean() })
    .nullable(),
  context: z.strictObject({ turns: count, trimmed: count, summarised: count }).nullable(),
  ...REPLY_DETAILS,
  created_at: moment,
  completed_at: moment,
});

const chatroom = z.strictObject({
  name: sentText(1, 200, trimLine).nullable(),
  system_instruction: sentText(1, 16_000, trimLines).nullable(),
  model: anyText(1, 100).nullable().meta({ description: 'The chosen model. It answers while it is part of the plan.' }),
  web_search: z.boolean().optional().meta({ description: 'Absent means false. It applies as far as plan and model offer it.' }),
  reasoning: z
    .enum(REASONING_LEVELS)
    .optional()
    .meta({ description: "Absent means the model's default. It applies as far as plan and model offer it." }),
  archived: z.boolean(),
  created_at: moment,
  active: position.nullable().meta({ description: 'The last message of the active branch; null without messages.' }),
});

const message = z.discriminatedUnion('role', [userMessage, reply]);

const schema = z.strictObject({ format: z.literal('gemini-chat-room'), version: z.literal(1), chatroom, messages: z.array(message) });

/** The document without the contents of its messages. */
const frameSchema = schema.extend({ messages: z.custom<unknown[]>(Array.isArray, { message: 'must be a list' }) });

/** The bytes of text, and the messages, that are read before other requests run. */
const BYTES_AT_A_TIME = 64 * 1024;
const MESSAGES_AT_A_TIME = 500;

/**
 * A room with all its branches, as one document without ids. The export of an imported document is the same document.
 * Later releases keep the format or raise `version`.
 */
export type ChatroomDocument = z.infer<typeof schema>;
export type DocumentMessage = ChatroomDocument['messages'][number];

const registry = z.registry<{ id: string }>();
registry.add(schema, { id: 'ChatroomDocument' });
registry.add(userMessage, { id: 'ImportedMessage' });
registry.add(reply, { id: 'ImportedReply' });

/** The JSON Schemas of a document, for the API's documentation. */
export const DOCUMENT_SCHEMAS = componentsOf(registry);

/**
 * Reads a document part by part; other requests run in between.
 *
 * @returns the document, and the bytes that its messages take of the user's storage
 * @throws MalformedJsonError; ValidationFailedError with the first ten errors
 */
export async function parseDocument(file: Buffer): Promise<ChatroomDocument & { readonly bytes: number }> {
  const parts = await splitDocument(file);
  const read = frameSchema.safeParse(parts.frame);
  if (!read.success) throw new ValidationFailedError(faultsOf(read.error));
  const { messages: frames, ...rest } = read.data;
  if (frames.filter(isObject).length !== parts.messageCount) {
    throw new ValidationFailedError([{ field: 'messages', message: 'must be the only list, and given once' }]);
  }
  const messages: DocumentMessage[] = [];
  const tree = new TreeCheck(messages);
  const faults: FieldError[] = [];
  let [bytes, paused, next] = [0, 0, 0];
  for (const [i, frame] of frames.entries()) {
    if (faults.length >= MAX_ERRORS) break;
    const result = message.safeParse(isObject(frame) ? parts.parseMessage(next++) : frame);
    if (result.success) {
      messages.push(result.data);
      // Positions mean little once an earlier message is missing.
      if (messages.length === i + 1) faults.push(...tree.faultsOf(result.data, i));
      bytes += sizeOf(result.data).bytes;
    } else {
      faults.push(...faultsOf(result.error, ['messages', i]));
    }
    if (bytes - paused < BYTES_AT_A_TIME && i % MESSAGES_AT_A_TIME !== 0) continue;
    paused = bytes;
    await setImmediate();
  }
  if (faults.length === 0) faults.push(...tree.faultsOfActive(rest.chatroom.active));
  if (faults.length > 0) throw new ValidationFailedError(faults.slice(0, MAX_ERRORS));
  return { ...rest, messages, bytes };
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The names of unknown fields come from the client and are not repeated. @param within the path of the parsed part */
const faultsOf = (error: z.ZodError, within: readonly PropertyKey[] = []): FieldError[] =>
  error.issues.slice(0, MAX_ERRORS).map(({ code, path, message: why }) => ({
    field: [...within, ...path].join('.'),
    message: code === 'unrecognized_keys' ? 'must not have other fields than those of the format' : why,
  }));

/** Checks that the messages form a tree. */
class TreeCheck {
  private readonly children = new Map<number | null, number>();

  /** @param messages the messages that were checked, and the one that is being checked */
  constructor(private readonly messages: readonly DocumentMessage[]) {}

  faultsOf(message: DocumentMessage, i: number): FieldError[] {
    const faults: FieldError[] = [];
    const fault = (field: string, why: string) => faults.push({ field: `messages.${i}.${field}`, message: why });
    const { n, parent, role } = message;
    if (n !== i + 1) fault('n', `n must be ${i + 1}`);
    if (parent !== null && parent > i) fault('parent', 'parent must come before the message');
    else if (parent !== null && role === 'model' && this.messages[parent - 1]?.role !== 'user')
      fault('parent', 'a reply answers a user message');
    const siblings = (this.children.get(parent) ?? 0) + 1;
    this.children.set(parent, siblings);
    if (siblings > MAX_SIBLINGS) fault('parent', `a message has at most ${MAX_SIBLINGS} alternatives`);
    if (role === 'user' && message.content === '' && !message.attachments?.length) fault('content', 'must have at least 1 characters');
    if (role === 'model' && (message.status === 'failed') !== (message.error !== null))
      fault('error', 'a failed reply has an error, no other has');
    if (role === 'model') for (const { field, message: why } of faultsOfDetails(message)) fault(field, why);
    return faults;
  }

  faultsOfActive(active: number | null): FieldError[] {
    const count = this.messages.length;
    const isLeaf = active === null ? count === 0 : active <= count && !this.children.has(active);
    return isLeaf ? [] : [{ field: 'chatroom.active', message: 'active must be the last message of a branch, null without messages' }];
  }
}
