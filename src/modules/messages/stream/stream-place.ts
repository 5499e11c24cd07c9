import type { EntryId } from '../../../streams/stream-store.js';

/**
 * Places in a reply's stream, written `attempt-n` as ids of events: a reader resumes at the last one it got. Within an attempt n rises with the text,
 * so that a place means the same whether the stream is read from its store or made from the stored reply:
 *
 *     0 start · 1 start-step or reset-step · 2 text-start · 2 + end offset of each text-delta, in UTF-16 units · then the ending
 */
export type Place = EntryId;

export const START = 0;
export const STEP = 1;
export const TEXT_START = 2;

/** Of the delta after which a text has `length` UTF-16 units. */
export const deltaPlace = (length: number): number => TEXT_START + length;

/** How many UTF-16 units of an attempt's text a reader at this place has. */
export const offsetAt = ({ n }: Place): number => Math.max(0, n - TEXT_START);

export const formatPlace = ({ attempt, n }: Place): string => `${attempt}-${n}`;

/** The place in a `Last-Event-ID`; null, the beginning, for anything that is none. */
export function parsePlace(text: string | undefined): Place | null {
  const match = /^(\d{1,9})-(\d{1,9})$/.exec(text ?? '');
  return match ? { attempt: Number(match[1]), n: Number(match[2]) } : null;
}
