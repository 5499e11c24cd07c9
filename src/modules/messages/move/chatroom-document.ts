import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { ValidationFailedError } from '../../../common/errors/common.errors.js';
import { hasVisibleText, trimLines } from '../../../common/visible-text.js';
import { FINISH_REASONS } from '../message-status.js';

/** Of alternatives to one message. */
const MAX_SIBLINGS = 100;
const MAX_ERRORS = 10;

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
    .refine((value) => value.length <= max || Array.from(value).length <= max, { message: `must have at most ${max} characters` })
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
  content: anyText(0, 1_000_000),
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
const frame = schema.extend({ messages: z.array(z.unknown()) });

/** Messages that are looked at before others have their turn. */
const AT_A_TIME = 1_000;

/**
 * A room with all its branches, as one document that holds no ids: what is imported from it is exported as the same document. Of an equal form in
 * later releases, or of another `version`.
 */
export type ChatroomDocument = z.infer<typeof schema>;
export type DocumentMessage = ChatroomDocument['messages'][number];

/** For the API's documentation. */
export const documentSchema = Object.fromEntries(Object.entries(z.toJSONSchema(schema)).filter(([name]) => name !== '$schema'));

/** Gives way to others while it looks through a large document. @throws ValidationFailedError with the first ten things that are wrong */
export async function parseDocument(body: unknown): Promise<ChatroomDocument> {
  const { messages: given, ...rest } = valid(frame.safeParse(body));
  const messages: DocumentMessage[] = [];
  for (let from = 0; from < given.length; from += AT_A_TIME) {
    const part = given.slice(from, from + AT_A_TIME);
    messages.push(...valid(z.array(message).safeParse(part), ([i, ...path]) => ['messages', from + Number(i), ...path]));
    await setImmediate();
  }
  const document = { ...rest, messages };
  const faults = treeFaults(document);
  if (faults.length > 0) throw new ValidationFailedError(faults);
  return document;
}

/** @param pathOf where in the document a path of the part leads */
function valid<Part>(result: z.ZodSafeParseResult<Part>, pathOf = (path: PropertyKey[]) => path): Part {
  if (result.success) return result.data;
  throw new ValidationFailedError(
    result.error.issues.slice(0, MAX_ERRORS).map(({ path, message: why }) => ({ field: pathOf(path).join('.'), message: why })),
  );
}

function treeFaults({ chatroom: { active }, messages }: ChatroomDocument): { field: string; message: string }[] {
  const faults: { field: string; message: string }[] = [];
  const children = new Map<number | null, number>();
  const fault = (i: number, field: string, message: string) => faults.push({ field: `messages.${i}.${field}`, message });
  for (const [i, message] of messages.entries()) {
    if (faults.length >= MAX_ERRORS) break;
    const { n, parent, role } = message;
    if (n !== i + 1) fault(i, 'n', `n must be ${i + 1}`);
    if (parent !== null && parent > i) fault(i, 'parent', 'parent must come before the message');
    else if (parent !== null && role === 'model' && messages[parent - 1]?.role !== 'user')
      fault(i, 'parent', 'a reply answers a user message');
    const siblings = (children.get(parent) ?? 0) + 1;
    children.set(parent, siblings);
    if (siblings > MAX_SIBLINGS) fault(i, 'parent', `a message has at most ${MAX_SIBLINGS} alternatives`);
    if (role === 'model' && (message.status === 'failed') !== (message.error !== null))
      fault(i, 'error', 'a failed reply has an error, no other has');
  }
  const isLeaf = active === null ? messages.length === 0 : active <= messages.length && !children.has(active);
  if (!isLeaf) faults.push({ field: 'chatroom.active', message: 'active must be the last message of a branch, null without messages' });
  return faults;
}
