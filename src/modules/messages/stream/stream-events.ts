import type { Message } from '../message.js';
import type { ModelPause } from '../model-pauses.js';
import type { FinishedStatus } from '../message-status.js';
import { describeReplyError } from '../reply-errors.js';
import { deltaPlace, formatPlace, isSameText, offsetAt, type Place, START, STEP, stepAt, tellingOf, TEXT_START } from './stream-place.js';

/** An event of the AI SDK's UI message stream (ai-sdk.dev/docs/ai-sdk-ui/stream-protocol), and its place. */
export interface StreamEvent {
  readonly place: Place;
  readonly data: { readonly type: string; readonly [member: string]: unknown } | typeof DONE;
}

/** What a stream needs to know of a reply. */
export type StreamedReply = Pick<
  Message,
  | 'id'
  | 'chatroomId'
  | 'parentId'
  | 'model'
  | 'status'
  | 'attempt'
  | 'content'
  | 'finishReason'
  | 'errorCode'
  | 'inputTokens'
  | 'outputTokens'
  | 'reasoningTokens'
  | 'totalTokens'
  | 'usageEstimated'
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
    messageMetadata: { chatroom_id: reply.chatroomId, reply_to: reply.parentId, status: reply.status, model: reply.model },
  },
});

/** The place `n` steps into the text that `text` is a place of. */
const placeIn = (text: Place, n: number): Place => ({ attempt: text.attempt, n: tellingOf(text) + n });

/** What brings a reader from `place` to the beginning of the text that `to` is in. Whoever has read of another one starts over. */
export function openingEvents(place: Place, to: Place): StreamEvent[] {
  const isHere = isSameText(place, to);
  const hasStep = stepAt(place) >= STEP;
  if (isHere && stepAt(place) >= TEXT_START) return [];
  const step: StreamEvent = { place: placeIn(to, STEP), data: { type: hasStep ? 'reset-step' : 'start-step' } };
  const text: StreamEvent = { place: placeIn(to, TEXT_START), data: { type: 'text-start', id: TEXT_ID } };
  return isHere && hasStep ? [text] : [step, text];
}

/** The delta that ends at `place`. */
const deltaEvent = (place: Place, delta: string): StreamEvent => ({ place, data: { type: 'text-delta', id: TEXT_ID, delta } });

/** What a reader at `place` lacks up to `end`, where a piece of the text ends. */
export function pieceEvents(place: Place, end: Place, piece: string): StreamEvent[] {
  const offset = isSameText(place, end) ? offsetAt(place) : 0;
  return [...openingEvents(place, end), deltaEvent(end, piece.slice(offset - (offsetAt(end) - piece.length)))];
}

/** Everything of a finished reply after `place`: text that the reader lacks, and the ending. Empty when it has everything. */
export function remainingEvents(reply: StreamedReply & { readonly status: FinishedStatus }, place: Place | null): StreamEvent[] {
  const attempt = currentAttempt(reply);
  const start = startEvent(reply);
  const from = place ?? start.place;
  const isCurrent = from.attempt === attempt;
  // Whoever has read of the text goes on where it is, whichever telling that was.
  const text = isCurrent ? from : start.place;
  const ending = endingOf(reply).map((data, i) => ({ place: placeIn(text, deltaPlace(reply.content.length) + 1 + i), data }));
  return [
    ...(place === null ? [start] : []),
    ...[...openingEvents(from, text), ...deltas(text, reply.content, isCurrent ? offsetAt(from) : 0), ...ending].filter(
      (event) => event.place.n > (isCurrent ? from.n : START - 1),
    ),
  ];
}

function deltas(place: Place, text: string, offset: number): StreamEvent[] {
  const events: StreamEvent[] = [];
  for (let at = offset; at < text.length;) {
    let end = Math.min(text.length, at + DELTA_LENGTH);
    // A surrogate pair stays in one piece.
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end += 1;
    events.push(deltaEvent(placeIn(place, deltaPlace(end)), text.slice(at, end)));
    at = end;
  }
  return events;
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

function endingOf(reply: StreamedReply & { readonly status: FinishedStatus }): StreamEvent['data'][] {
  const { status } = reply;
  const textEnd = { type: 'text-end', id: TEXT_ID };
  switch (status) {
    case 'completed':
    case 'blocked':
      return [
        textEnd,
        { type: 'finish-step' },
        { type: 'finish', finishReason: reply.finishReason, messageMetadata: { status, usage: usageOf(reply) } },
        DONE,
      ];
    case 'cancelled':
      return [textEnd, { type: 'message-metadata', messageMetadata: { status, usage: usageOf(reply) } }, { type: 'abort' }, DONE];
    case 'failed': {
      const error = describeReplyError(reply.errorCode ?? '');
      return [{ type: 'message-metadata', messageMetadata: { status, error } }, { type: 'error', errorText: error.message }, DONE];
    }
  }
}

const usageOf = (reply: StreamedReply) =>
  reply.totalTokens === null
    ? null
    : {
        input_tokens: reply.inputTokens,
        output_tokens: reply.outputTokens,
        reasoning_tokens: reply.reasoningTokens,
        total_tokens: reply.totalTokens,
        estimated: reply.usageEstimated,
      };

/**
 * Says that the model takes no requests for a while, and the reply waits. It adds nothing to the text: its place is that of the event before it,
 * and a replay does not tell of it.
 */
export const waitEvent = ({ model, status, until }: ModelPause, place: Place): StreamEvent => ({
  place,
  data: {
    type: 'data-wait',
    data: { status, model, until: until.toISOString(), retry_after: Math.max(1, Math.ceil((until.getTime() - Date.now()) / 1_000)) },
    transient: true,
  },
});

/** The end of a stream whose reply was deleted with its room, for a reader at `place`. */
export function deletedEvents(place: Place): StreamEvent[] {
  const textEnd = stepAt(place) >= TEXT_START ? [{ type: 'text-end', id: TEXT_ID }] : [];
  return [...textEnd, { type: 'abort' }, DONE as typeof DONE].map((data, i) => ({ place: { ...place, n: place.n + 1 + i }, data }));
}
