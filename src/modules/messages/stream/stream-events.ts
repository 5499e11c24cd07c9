import type { StreamEntry } from '../../../streams/stream-store.js';
import type { Message } from '../message.js';
import type { ModelPause } from '../model-pauses.js';
import type { FinishedStatus } from '../message-status.js';
import { describeReplyError } from '../reply-errors.js';
import { partsOf, type ReplyPart } from '../reply-parts.js';
import {
  BETWEEN_PARTS,
  copyAt,
  formatPosition,
  isSameText,
  PART_START,
  START,
  STEP,
  stepAt,
  type StreamPosition,
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
  | 'reasoning'
  | 'partLengths'
  | 'sources'
>;

const DONE = '[DONE]';
/** Marks a piece of a stream as thoughts. A text has no NUL, so pieces of the previous release are text. */
const REASONING_MARK = '\0';
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

/** A part of an answer as an entry of its stream. */
const encodePiece = ({ kind, text }: ReplyPart): string => (kind === 'text' ? text : REASONING_MARK + text);

export const decodePiece = (data: string): ReplyPart =>
  data.startsWith(REASONING_MARK) ? { kind: 'reasoning', text: data.slice(1) } : { kind: 'text', text: data };

/** The event that begins the step of `to`, unless the reader has it; a reader of another text starts over. */
function stepEvents(position: StreamPosition, to: StreamPosition): StreamEvent[] {
  const hasStep = stepAt(position) >= STEP;
  if (isSameText(position, to) && hasStep) return [];
  return [{ position: positionIn(to, STEP), data: { type: hasStep ? 'reset-step' : 'start-step' } }];
}

/** Parts of one kind have one id, because they never overlap. */
const partEvent = (position: StreamPosition, kind: ReplyPart['kind'], event: 'start' | 'end'): StreamEvent => ({
  position,
  data: { type: `${kind}-${event}`, id: kind },
});

/** The delta that ends at `position`. */
const deltaEvent = (position: StreamPosition, kind: ReplyPart['kind'], delta: string): StreamEvent => ({
  position,
  data: { type: `${kind}-delta`, id: kind, delta },
});

/** The events between `position` and `end`. @param data the piece up to `end`, which may begin before `position` */
export function pieceEvents(position: StreamPosition, end: StreamPosition, data: string): StreamEvent[] {
  const { kind, text } = decodePiece(data);
  const from = isSameText(position, end) ? stepAt(position) : START;
  const begin = stepAt(end) - text.length;
  const opening: StreamEvent[] = [];
  if (from < begin && begin > PART_START && from <= begin - BETWEEN_PARTS)
    opening.push(partEvent(positionIn(end, begin - 1), otherThan(kind), 'end'));
  if (from < begin) opening.push(partEvent(positionIn(end, begin), kind, 'start'));
  return [...stepEvents(position, end), ...opening, deltaEvent(end, kind, text.slice(Math.max(0, from - begin)))];
}

/** Parts that follow each other are of different kinds. */
const otherThan = (kind: ReplyPart['kind']): ReplyPart['kind'] => (kind === 'text' ? 'reasoning' : 'text');

/** The events of a finished reply after `position`: the rest of its parts, and the ending, if the reader lacks them. */
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
  const parts = partsOf(reply);
  const last = stepAfter(parts);
  const ending = endingOf(reply).map((data, i) => ({ position: positionIn(text, last + 1 + i), data }));
  return [
    ...(position === null ? [start] : []),
    ...[...stepEvents(from, text), ...partsEvents(text, parts, isCurrent ? stepAt(from) : START), ...ending].filter(
      (event) => event.position.n > (isCurrent ? from.n : START - 1),
    ),
  ];
}

/** The step of the last delta of these parts. */
export const stepAfter = (parts: readonly ReplyPart[]): number =>
  parts.reduce((step, { text }) => step + text.length, PART_START + Math.max(0, parts.length - 1) * BETWEEN_PARTS);

/** The entries of a stream that holds the parts up to the step `published`: what has grown since. */
export function entriesAfter(
  parts: readonly ReplyPart[],
  { attempt, copy, published }: { readonly attempt: number; readonly copy: number; readonly published: number },
): StreamEntry[] {
  const entries: StreamEntry[] = [];
  let begin = PART_START;
  for (const { kind, text } of parts) {
    const end = begin + text.length;
    const rest = text.slice(Math.max(0, published - begin));
    if (rest !== '') entries.push({ attempt, n: copy + end, data: encodePiece({ kind, text: rest }) });
    begin = end + BETWEEN_PARTS;
  }
  return entries;
}

/** The events of all parts, without deltas up to the step `from` and without the end of the last part. */
function partsEvents(position: StreamPosition, parts: readonly ReplyPart[], from: number): StreamEvent[] {
  const events: StreamEvent[] = [];
  let begin = PART_START;
  for (const [i, { kind, text }] of parts.entries()) {
    events.push(partEvent(positionIn(position, begin), kind, 'start'), ...deltas(positionIn(position, begin), kind, text, from - begin));
    if (i < parts.length - 1) events.push(partEvent(positionIn(position, begin + text.length + 1), kind, 'end'));
    begin += text.length + BETWEEN_PARTS;
  }
  return events;
}

function deltas(position: StreamPosition, kind: ReplyPart['kind'], text: string, offset: number): StreamEvent[] {
  const events: StreamEvent[] = [];
  for (let at = Math.max(0, offset); at < text.length;) {
    let end = Math.min(text.length, at + DELTA_LENGTH);
    // A surrogate pair stays in one delta.
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end += 1;
    events.push(deltaEvent({ ...position, n: position.n + end }, kind, text.slice(at, end)));
    at = end;
  }
  return events;
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

function endingOf(reply: StreamedReply & { readonly status: FinishedStatus }): StreamEvent['data'][] {
  const { status } = reply;
  const textEnd = { type: 'text-end', id: 'text' };
  switch (status) {
    case 'completed':
    case 'blocked':
      return [
        textEnd,
        ...(reply.sources ?? []).map(({ url, title }, i) => ({ type: 'source-url', sourceId: `source-${i + 1}`, url, title })),
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

/**
 * The ending of a stream whose reply was deleted with its room, for a reader at `position`.
 *
 * @param open the kind of the part that the reader has not seen the end of, if it is known
 */
export function deletedEvents(position: StreamPosition, open: ReplyPart['kind'] | null): StreamEvent[] {
  const partEnd = open === null ? [] : [{ type: `${open}-end`, id: open }];
  return [...partEnd, { type: 'abort' }, DONE as typeof DONE].map((data, i) => ({
    position: { ...position, n: position.n + 1 + i },
    data,
  }));
}

/** The kind of the part that is open after these events. */
export function openAfter(events: readonly StreamEvent[]): ReplyPart['kind'] | null {
  const data = events.at(-1)?.data;
  const [, kind] = typeof data === 'object' ? (/^(text|reasoning)-(?:start|delta)$/.exec(data.type) ?? []) : [];
  return kind === 'text' || kind === 'reasoning' ? kind : null;
}
