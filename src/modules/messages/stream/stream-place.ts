import type { EntryId } from '../../../streams/stream-store.js';

/**
 * Places in a reply's stream, written `attempt-n` as ids of events: a reader resumes at the last one it got. Within an attempt n rises with the text,
 * so that a place means the same whether the stream is read from its store or made from the stored reply:
 *
 *     0 start · 1 start-step or reset-step · 2 text-start · 2 + end offset of each text-delta, in UTF-16 units · then the ending
 *
 * An attempt's text that the store has lost is told once more, its places a TELLING further on. It is the same text: where only the stored reply
 * is left, a reader goes on in the telling that it has read.
 */
export type Place = EntryId;

export const START = 0;
export const STEP = 1;
export const TEXT_START = 2;

/** Longer than any text of a model. */
const TELLING = 10_000_000;

/** Of the delta after which a text has `length` UTF-16 units, in the attempt's first telling. */
export const deltaPlace = (length: number): number => TEXT_START + length;

/** The first place of the telling that a place is in. */
export const tellingOf = ({ n }: Place): number => n - (n % TELLING);

/** The first place of the telling after that one. */
export const nextTelling = (telling: number): number => telling + TELLING;

/** Whether both places are in one telling of one attempt's text. */
export const isSameText = (place: Place, other: Place): boolean => place.attempt === other.attempt && tellingOf(place) === tellingOf(other);

/** How far a place is into its telling. */
export const stepAt = ({ n }: Place): number => n % TELLING;

/** How many UTF-16 units of an attempt's text a reader at this place has. */
export const offsetAt = (place: Place): number => Math.max(0, stepAt(place) - TEXT_START);

export const formatPlace = ({ attempt, n }: Place): string => `${attempt}-${n}`;

/** The place in a `Last-Event-ID`; null, the beginning, for anything that is none. */
export function parsePlace(text: string | undefined): Place | null {
  const match = /^(\d{1,9})-(\d{1,12})$/.exec(text ?? '');
  return match ? { attempt: Number(match[1]), n: Number(match[2]) } : null;
}
