import type { EntryId } from '../../../streams/stream-store.js';

/**
 * A position in a reply's stream. As the id of an event it is written `attempt-n`, and a reader resumes at the last one
 * that it received. Within an attempt n rises with its parts, thoughts and text in the order in which they came, so
 * that a position means the same whether the stream is read from its store or made from the stored reply:
 *
 *     0 start · 1 start-step or reset-step · 2 text-start or reasoning-start
 *     2 + end offset of each delta in UTF-16 units · then the end of the part, and the start of the next one
 *     (whose deltas count on from there) · then the ending
 *
 * When the store loses the text of an attempt, the worker writes a second copy, whose positions are COPY_LENGTH further
 * on. It is the same text: when only the stored reply is left, a reader goes on in the copy that it has read.
 */
export type StreamPosition = EntryId;

export const START = 0;
export const STEP = 1;
export const PART_START = 2;
/** The positions between the last delta of a part and the start of the next one: its end, and that start. */
export const BETWEEN_PARTS = 2;

/** The length in UTF-16 units, which is more than that of any text of a model. */
const COPY_LENGTH = 10_000_000;

/** The position of the delta that ends at `length` UTF-16 units of an answer without thoughts, in the first copy. */
export const deltaPosition = (length: number): number => PART_START + length;

/** The first position of the copy that a position is in. */
export const copyAt = ({ n }: StreamPosition): number => n - (n % COPY_LENGTH);

/** The first position of the copy after the one that begins at `copy`. */
export const nextCopy = (copy: number): number => copy + COPY_LENGTH;

/** True when both positions are in one copy of one attempt's text. */
export const isSameText = (position: StreamPosition, other: StreamPosition): boolean =>
  position.attempt === other.attempt && copyAt(position) === copyAt(other);

/** The distance of a position from the beginning of its copy. */
export const stepAt = ({ n }: StreamPosition): number => n % COPY_LENGTH;

export const formatPosition = ({ attempt, n }: StreamPosition): string => `${attempt}-${n}`;

/** The position in a `Last-Event-ID`; null, which is the beginning, for any other value. */
export function parsePosition(text: string | undefined): StreamPosition | null {
  const match = /^(\d{1,9})-(\d{1,12})$/.exec(text ?? '');
  return match ? { attempt: Number(match[1]), n: Number(match[2]) } : null;
}
