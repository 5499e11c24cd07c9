import type { EntryId } from '../../../streams/stream-store.js';

/**
 * Positions in a reply's stream, written `attempt-n` as ids of events: a reader resumes at the last one it got. Within an attempt n rises with the text,
 * so that a position means the same whether the stream is read from its store or made from the stored reply:
 *
 *     0 start · 1 start-step or reset-step · 2 text-start · 2 + end offset of each text-delta, in UTF-16 units · then the ending
 *
 * An attempt's text that the store has lost is told once more, its positions a COPY_LENGTH further on. It is the same text: where only the stored reply
 * is left, a reader goes on in the copy that it has read.
 */
export type StreamPosition = EntryId;

export const START = 0;
export const STEP = 1;
export const TEXT_START = 2;

/** Longer than any text of a model. */
const COPY_LENGTH = 10_000_000;

/** Of the delta after which a text has `length` UTF-16 units, in the attempt's first copy. */
export const deltaPosition = (length: number): number => TEXT_START + length;

/** The first position of the copy that a position is in. */
export const copyOf = ({ n }: StreamPosition): number => n - (n % COPY_LENGTH);

/** The first position of the copy after that one. */
export const nextCopy = (copy: number): number => copy + COPY_LENGTH;

/** Whether both positions are in one copy of one attempt's text. */
export const isSameText = (position: StreamPosition, other: StreamPosition): boolean => position.attempt === other.attempt && copyOf(position) === copyOf(other);

/** How far a position is into its copy. */
export const stepAt = ({ n }: StreamPosition): number => n % COPY_LENGTH;

/** How many UTF-16 units of an attempt's text a reader at this position has. */
export const offsetAt = (position: StreamPosition): number => Math.max(0, stepAt(position) - TEXT_START);

export const formatPosition = ({ attempt, n }: StreamPosition): string => `${attempt}-${n}`;

/** The position in a `Last-Event-ID`; null, the beginning, for anything that is none. */
export function parsePosition(text: string | undefined): StreamPosition | null {
  const match = /^(\d{1,9})-(\d{1,12})$/.exec(text ?? '');
  return match ? { attempt: Number(match[1]), n: Number(match[2]) } : null;
}
