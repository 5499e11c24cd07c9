import { z } from 'zod';
import { ValidationFailedError } from '../../../common/errors/common.errors.js';
import { FINISH_REASONS } from '../message-status.js';

/** Of alternatives to one message. */
const MAX_SIBLINGS = 100;
const MAX_ERRORS = 10;

/** Text as JSON Schema counts it, in code points. */
const text = (min: number, max: number) =>
  z
    .string()
    .refine((value) => value.length <= max || Array.from(value).length <= max, { message: `must have at most ${max} characters` })
    .refine((value) => value.length >= min, { message: `must have at least ${min} characters` })
    .meta({ minLength: min, maxLength: max });
/** PostgreSQL knows no year 0. */
const moment = z.iso.datetime().refine((value) => value >= '1970', { message: 'must not be before 1970' });
const count = z.int().min(0).max(2_147_483_647);
const place = z.int().min(1).max(2_147_483_647);

const userMessage = z.strictObject({
  n: place.meta({ description: 'Place in the list, from 1: by it the messages refer to each other.' }),
  parent: place.nullable().meta({ description: 'The message before it on its branch; earlier in the list.' }),
  role: z.literal('user'),
  content: text(1, 32_000),
  created_at: moment,
});

const reply = z.strictObject({
  n: place,
  parent: place.meta({ description: 'The message that it answers.' }),
  role: z.literal('model'),
  content: text(0, 1_000_000),
  status: z.enum(['completed', 'failed', 'blocked', 'cancelled']),
  model: text(1, 100).nullable(),
  finish_reason: z.enum(FINISH_REASONS).nullable(),
  block_reason: text(1, 100).nullable(),
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
  name: text(1, 200).nullable(),
  system_instruction: text(1, 16_000).nullable(),
  model: text(1, 100).nullable().meta({ description: 'As chosen; it answers while the plan has it.' }),
  archived: z.boolean(),
  created_at: moment,
  active: place.nullable().meta({ description: 'The last message of the active branch; null without messages.' }),
});

const schema = z.strictObject({
  format: z.literal('gemini-chat-room'),
  version: z.literal(1),
  chatroom,
  messages: z.array(z.discriminatedUnion('role', [userMessage, reply])),
});

/**
 * A room with all its branches, as one document that holds no ids: what is imported from it is exported as the same document. Of an equal form in
 * later releases, or of another `version`.
 */
export type ChatroomDocument = z.infer<typeof schema>;
export type DocumentMessage = ChatroomDocument['messages'][number];

/** For the API's documentation. */
export const documentSchema = Object.fromEntries(Object.entries(z.toJSONSchema(schema)).filter(([name]) => name !== '$schema'));

/** @throws ValidationFailedError with the first ten things that are wrong */
export function parseDocument(body: unknown): ChatroomDocument {
  const parsed = schema.safeParse(body);
  if (!parsed.success) {
    throw new ValidationFailedError(
      parsed.error.issues.slice(0, MAX_ERRORS).map(({ path, message }) => ({ field: path.join('.'), message })),
    );
  }
  const faults = treeFaults(parsed.data);
  if (faults.length > 0) throw new ValidationFailedError(faults);
  return parsed.data;
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
