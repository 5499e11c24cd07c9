import type { Message } from '../message.js';
import type { ModelPause } from '../model-pauses.js';
import type { FinishedStatus } from '../message-status.js';
import { describeReplyError } from '../reply-errors.js';
import {
  deltaPosition,
  formatPosition,
  isSameText,
  offsetAt,
  type StreamPosition,
  START,
  STEP,
  stepAt,
  copyAt,
  TEXT_START,
} from './stream-position.js';

/** An event of the AI SDK's UI message stream (ai-sdk.dev/docs/ai-sdk-ui/stream-protocol), and its position. */
export interface StreamEvent {
  readonly position: StreamPosition;
  readonly data: { readonly type: string; readonly [member: string]: unknown } | typeof DONE;
}

/** The fields of a reply that its stream is made of. */
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
/** UTF-16 units of one delta of a replay. */
const DELTA_LENGTH = 2_000;

/** The event in the format of server-sent events. */
export const toFrame = ({ position, data }: StreamEvent): string =>
  `id: ${formatPosition(position)}\ndata: ${data === DONE ? DONE : JSON.stringify(data)}\n\n`;

/**
 * The attempt that a reply's stream is at. A failed reply keeps no text, so its ending comes after the events of all
 * its attempts.
 */
const currentAttempt = ({ attempt, status }: StreamedReply): number => (status === 'failed' ? attempt + 1 : attempt);

/** The first event of every stream, which is sent before the model has written anything. */
export const startEvent = (reply: StreamedReply): StreamEvent => ({
  position: { attempt: currentAttempt(reply), n: START },
  data: {
    type: 'start',
    messageId: reply.id,
    messageMetadata: { chatroom_id: reply.chatroomId, reply_to: reply.parentId, status: reply.status, model: reply.model },
  },
});

/** The position `n` steps into the text that `text` is a position of. */
const positionIn = (text: StreamPosition, n: number): StreamPosition => ({ attempt: text.attempt, n: copyAt(text) + n });

/** The events from `position` to the beginning of the text of `to`; a reader of another text starts over. */
export function openingEvents(position: StreamPosition, to: StreamPosition): StreamEvent[] {
  const isHere = isSameText(position, to);
  const hasStep = stepAt(position) >= STEP;
  if (isHere && stepAt(position) >= TEXT_START) return [];
  const step: StreamEvent = { position: positionIn(to, STEP), data: { type: hasStep ? 'reset-step' : 'start-step' } };
  const text: StreamEvent = { position: positionIn(to, TEXT_START), data: { type: 'text-start', id: TEXT_ID } };
  return isHere && hasStep ? [text] : [step, text];
}

/** The delta that ends at `position`. */
const deltaEvent = (position: StreamPosition, delta: string): StreamEvent => ({
  position,
  data: { type: 'text-delta', id: TEXT_ID, delta },
});

/** The events between `position` and `end`. @param piece the text up to `end`, which may begin before `position` */
export function pieceEvents(position: StreamPosition, end: StreamPosition, piece: string): StreamEvent[] {
  const offset = isSameText(position, end) ? offsetAt(position) : 0;
  return [...openingEvents(position, end), deltaEvent(end, piece.slice(offset - (offsetAt(end) - piece.length)))];
}

/** The events of a finished reply after `position`: the rest of the text, and the ending, if the reader lacks them. */
export function remainingEvents(
  reply: StreamedReply & { readonly status: FinishedStatus },
  position: StreamPosition | null,
): StreamEvent[] {
  const attempt = currentAttempt(reply);
  const start = startEvent(reply);
  const from = position ?? start.position;
  const isCurrent = from.attempt === attempt;
  // A reader of the current attempt goes on in its own copy.
  const text = isCurrent ? from : start.position;
  const ending = endingOf(reply).map((data, i) => ({ position: positionIn(text, deltaPosition(reply.content.length) + 1 + i), data }));
  return [
    ...(position === null ? [start] : []),
    ...[...openingEvents(from, text), ...deltas(text, reply.content, isCurrent ? offsetAt(from) : 0), ...ending].filter(
      (event) => event.position.n > (isCurrent ? from.n : START - 1),
    ),
  ];
}

function deltas(position: StreamPosition, text: string, offset: number): StreamEvent[] {
  const events: StreamEvent[] = [];
  for (let at = offset; at < text.length;) {
    let end = Math.min(text.length, at + DELTA_LENGTH);
    // A surrogate pair stays in one delta.
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end += 1;
    events.push(deltaEvent(positionIn(position, deltaPosition(end)), text.slice(at, end)));
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
 * Reports that the reply waits because its model accepts no requests for a while. It adds nothing to the text: its
 * position is that of the event before it, and a replay does not contain it.
 */
export const waitEvent = ({ model, status, until }: ModelPause, position: StreamPosition): StreamEvent => ({
  position,
  data: {
    type: 'data-wait',
    data: { status, model, until: until.toISOString(), retry_after: Math.max(1, Math.ceil((until.getTime() - Date.now()) / 1_000)) },
    transient: true,
  },
});

/** The ending of a stream whose reply was deleted with its room, for a reader at `position`. */
export function deletedEvents(position: StreamPosition): StreamEvent[] {
  const textEnd = stepAt(position) >= TEXT_START ? [{ type: 'text-end', id: TEXT_ID }] : [];
  return [...textEnd, { type: 'abort' }, DONE as typeof DONE].map((data, i) => ({
    position: { ...position, n: position.n + 1 + i },
    data,
  }));
}
