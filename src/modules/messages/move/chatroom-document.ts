import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { type FieldError, ValidationFailedError } from '../../../common/errors/common.errors.js';
import { hasVisibleText, trimLines } from '../../../common/visible-text.js';
import { FINISH_REASONS } from '../message-status.js';
import { splitDocument } from './document-parts.js';

/** Of alternatives to one message. */
const MAX_SIBLINGS = 100;
const MAX_ERRORS = 10;
/** Code points of a reply: more than any model writes within PRO_MAX_OUTPUT_TOKENS. */
const MAX_REPLY = 100_000;

/** Text that PostgreSQL takes, of a length as JSON Schema counts it, in code points. */
const anyText = (min: number, max: number) => textOf(z.string(), min, max);
/** Text by the rules for what people send: trimmed, with something visible in it. */
const text = (max: number, trim: (value: string) => string) => {
  const trimmed = z
    .string()
    .overwrite(trim)
    .refine((value) => value === '' || hasVisibleText(value), { message: 'must have visible characters' });
  return textOf(trimmed, 1, max);
};
const textOf = (string: z.ZodString, min: number, max: number) =>
  string
    .refine((value) => !value.includes('\0'), { message: 'must not contain NUL characters' })
    .refine((value) => value.isWellFormed(), { message: 'must not contain lone surrogates' })
    .refine((value) => value.length <= max || (value.length <= 2 * max && Array.from(value).length <= max), {
      message: `must have at most ${max} characters`,
    })
    .refine((value) => value.length >= min, { message: `must have at least ${min} characters` })
    .meta({ minLength: min, maxLength: max });
const trimLine = (value: string) => value.trim();
/** PostgreSQL knows no year 0. */
const moment = z.iso.datetime().refine((value) => value >= '1970', { message: 'must not be before 1970' });
const count = z.int().min(0).max(2_147_483_647);
const place = z.int().min(1).max(2_147_483_647);

const userMessage = z.strictObject({
  n: place.meta({ description: 'Place in the list, from 1: by it the messages refer to each other.' }),
  parent: place.nullable().meta({ description: 'The message before it on its branch; earlier in the list.' }),
  role: z.literal('user'),
  content: text(32_000, trimLines),
  created_at: moment,
});

const reply = z.strictObject({
  n: place,
  parent: place.meta({ description: 'The message that it answers.' }),
  role: z.literal('model'),
  content: anyText(0, MAX_REPLY),
  status: z.enum(['completed', 'failed', 'blocked', 'cancelled']),
  model: anyText(1, 100).nullable(),
  finish_reason: z.enum(FINISH_REASONS).nullable(),
  block_reason: anyText(1, 100).nullable(),
  error: z
    .string()
    .regex(/^[a-z_]{1,64}$/)
    .nullable()
    .meta({ description: 'Code of a failed reply.' }),
  usage: z
    .strictObject({ input_tokens: count, output_tokens: count, reasoning_tokens: count, total_tokens: count, estimated: z.boolean() })
    .nullable(),
  context: z.strictObject({ turns: count, trimmed: count, summarised: count }).nullable(),
  created_at: moment,
  completed_at: moment,
});

const chatroom = z.strictObject({
  name: text(200, trimLine).nullable(),
  system_instruction: text(16_000, trimLines).nullable(),
  model: anyText(1, 100).nullable().meta({ description: 'As chosen; it answers while the plan has it.' }),
  archived: z.boolean(),
  created_at: moment,
  active: place.nullable().meta({ description: 'The last message of the active branch; null without messages.' }),
});

const message = z.discriminatedUnion('role', [userMessage, reply]);

const schema = z.strictObject({ format: z.literal('gemini-chat-room'), version: z.literal(1), chatroom, messages: z.array(message) });

/** All of it but the messages. */
const frameSchema = schema.extend({ messages: z.custom<unknown[]>(Array.isArray, { message: 'must be a list' }) });

/** Bytes of texts, and messages, that are looked at before others have their turn. */
const BYTES_AT_A_TIME = 64 * 1024;
const MESSAGES_AT_A_TIME = 500;

/**
 * A room with all its branches, as one document that holds no ids: what is imported from it is exported as the same document. Of an equal form in
 * later releases, or of another `version`.
 */
export type ChatroomDocument = z.infer<typeof schema>;
export type DocumentMessage = ChatroomDocument['messages'][number];

/** For the API's documentation. */
export const documentSchema = Object.fromEntries(Object.entries(z.toJSONSchema(schema)).filter(([name]) => name !== '$schema'));

/**
 * Reads a document part by part, and gives way to others in between.
 *
 * @returns the document, and the bytes of the texts of its messages
 * @throws MalformedJsonError; ValidationFailedError with the first ten things that are wrong
 */
export async function parseDocument(file: Buffer): Promise<ChatroomDocument & { readonly bytes: number }> {
  const parts = await splitDocument(file);
  const read = frameSchema.safeParse(parts.frame);
  if (!read.success) throw new ValidationFailedError(faultsOf(read.error));
  const { messages: places, ...rest } = read.data;
  if (places.filter(isObject).length !== parts.messageCount) {
    throw new ValidationFailedError([{ field: 'messages', message: 'must be the only list, and given once' }]);
  }
  const messages: DocumentMessage[] = [];
  const tree = new TreeCheck(messages);
  const faults: FieldError[] = [];
  let [bytes, paused, next] = [0, 0, 0];
  for (const [i, place] of places.entries()) {
    if (faults.length >= MAX_ERRORS) break;
    const result = message.safeParse(isObject(place) ? parts.parseMessage(next++) : place);
    if (result.success) {
      messages.push(result.data);
      // Places tell little once a message before is missing.
      if (messages.length === i + 1) faults.push(...tree.faultsOf(result.data, i));
      bytes += Buffer.byteLength(result.data.content);
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

/** Names of unknown fields are the client's words, and are not repeated. @param within where in the document it was read */
const faultsOf = (error: z.ZodError, within: readonly PropertyKey[] = []): FieldError[] =>
  error.issues.slice(0, MAX_ERRORS).map(({ code, path, message: why }) => ({
    field: [...within, ...path].join('.'),
    message: code === 'unrecognized_keys' ? 'must not have other fields than those of the format' : why,
  }));

/** Checks that the messages make a tree. */
class TreeCheck {
  private readonly children = new Map<number | null, number>();

  /** @param messages those that were checked, and the one that is being checked */
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
    if (role === 'model' && (message.status === 'failed') !== (message.error !== null))
      fault('error', 'a failed reply has an error, no other has');
    return faults;
  }

  faultsOfActive(active: number | null): FieldError[] {
    const count = this.messages.length;
    const isLeaf = active === null ? count === 0 : active <= count && !this.children.has(active);
    return isLeaf ? [] : [{ field: 'chatroom.active', message: 'active must be the last message of a branch, null without messages' }];
  }
}
