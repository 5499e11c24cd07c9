import type { Message } from '../message.js';
import type { TerminalStatus } from '../message-status.js';
import { describeReplyError } from '../reply-errors.js';
import { deltaPlace, formatPlace, offsetAt, type Place, START, STEP, TEXT_START } from './stream-place.js';

/** An event of the AI SDK's UI message stream (ai-sdk.dev/docs/ai-sdk-ui/stream-protocol), and its place. */
export interface StreamEvent {
  readonly place: Place;
  readonly data: { readonly type: string; readonly [member: string]: unknown } | typeof DONE;
}

/** What a stream needs to know of a reply. */
export type StreamedReply = Pick<
  Message,
  | 'id'
  | 'chatroom_id'
  | 'parent_id'
  | 'model'
  | 'status'
  | 'attempt'
  | 'content'
  | 'finish_reason'
  | 'error_code'
  | 'input_tokens'
  | 'output_tokens'
  | 'reasoning_tokens'
  | 'total_tokens'
  | 'usage_estimated'
>;

const DONE = '[DONE]';
const TEXT_ID = 'text';
/** Of one delta of a replay, in UTF-16 units. */
const DELTA_LENGTH = 2_000;

/** As server-sent events. */
export const toFrame = ({ place, data }: StreamEvent): string =>
  `id: ${formatPlace(place)}\ndata: ${data === DONE ? DONE : JSON.stringify(data)}\n\n`;

/** Where a reply's stream is at this moment. A failed reply keeps no text, so its ending comes after all that its tries had said. */
const currentAttempt = ({ attempt, status }: StreamedReply): number => (status === 'failed' ? attempt + 1 : attempt);

/** The first event of every stream; it goes out before the model has said anything. */
export const startEvent = (reply: StreamedReply): StreamEvent => ({
  place: { attempt: currentAttempt(reply), n: START },
  data: {
    type: 'start',
    messageId: reply.id,
    messageMetadata: { chatroom_id: reply.chatroom_id, reply_to: reply.parent_id, status: reply.status, model: reply.model },
  },
});

/** What brings a reader from `place` to the beginning of an attempt's text. Whoever read of an older attempt starts the text over. */
export function openingEvents(place: Place, attempt: number): StreamEvent[] {
  const hasStep = place.n >= STEP;
  if (place.attempt === attempt && place.n >= TEXT_START) return [];
  const step: StreamEvent = { place: { attempt, n: STEP }, data: { type: hasStep ? 'reset-step' : 'start-step' } };
  const text: StreamEvent = { place: { attempt, n: TEXT_START }, data: { type: 'text-start', id: TEXT_ID } };
  return place.attempt === attempt && hasStep ? [text] : [step, text];
}

/** The delta after which the attempt's text has `end` UTF-16 units. */
export const deltaEvent = (attempt: number, end: number, delta: string): StreamEvent => ({
  place: { attempt, n: deltaPlace(end) },
  data: { type: 'text-delta', id: TEXT_ID, delta },
});

/** Everything of a finished reply after `place`: text that the reader lacks, and the ending. Empty when it has everything. */
export function remainingEvents(reply: StreamedReply & { readonly status: TerminalStatus }, place: Place | null): StreamEvent[] {
  const attempt = currentAttempt(reply);
  const start = startEvent(reply);
  const from = place ?? start.place;
  const opening = openingEvents(from, attempt);
  const offset = from.attempt === attempt ? offsetAt(from) : 0;
  const after = from.attempt === attempt ? from.n : START - 1;
  const ending = endingOf(reply).map((data, i) => ({ place: { attempt, n: deltaPlace(reply.content.length) + 1 + i }, data }));
  return [
    ...(place === null ? [start] : []),
    ...[...opening, ...deltas(attempt, reply.content, offset), ...ending].filter((event) => event.place.n > after),
  ];
}

function deltas(attempt: number, text: string, offset: number): StreamEvent[] {
  const events: StreamEvent[] = [];
  for (let at = offset; at < text.length;) {
    let end = Math.min(text.length, at + DELTA_LENGTH);
    // A surrogate pair stays in one piece.
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end += 1;
    events.push(deltaEvent(attempt, end, text.slice(at, end)));
    at = end;
  }
  return events;
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

function endingOf(reply: StreamedReply & { readonly status: TerminalStatus }): StreamEvent['data'][] {
  const { status } = reply;
  const textEnd = { type: 'text-end', id: TEXT_ID };
  switch (status) {
    case 'completed':
    case 'blocked':
      return [
        textEnd,
        { type: 'finish-step' },
        { type: 'finish', finishReason: reply.finish_reason, messageMetadata: { status, usage: usageOf(reply) } },
        DONE,
      ];
    case 'cancelled':
      return [textEnd, { type: 'message-metadata', messageMetadata: { status, usage: usageOf(reply) } }, { type: 'abort' }, DONE];
    case 'failed': {
      const error = describeReplyError(reply.error_code ?? '');
      return [{ type: 'message-metadata', messageMetadata: { status, error } }, { type: 'error', errorText: error.message }, DONE];
    }
  }
}

const usageOf = (reply: StreamedReply) =>
  reply.total_tokens === null
    ? null
    : {
        input_tokens: reply.input_tokens,
        output_tokens: reply.output_tokens,
        reasoning_tokens: reply.reasoning_tokens,
        total_tokens: reply.total_tokens,
        estimated: reply.usage_estimated,
      };

/** The end of a stream whose reply was deleted with its room, for a reader at `place`. */
export const deletedEvents = (place: Place): StreamEvent[] => [
  { place: { ...place, n: place.n + 1 }, data: { type: 'abort' } },
  { place: { ...place, n: place.n + 2 }, data: DONE },
];
