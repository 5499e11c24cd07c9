import type { EntryId } from '../../../streams/stream-store.js';

/**
 * Where a client is in the stream of a reply: the id of the last event that it has got. It says what the client holds, so it serves to resume from
 * the stream store and from the stored reply alike. Under an attempt, n is
 *
 *     0          start: the message, empty
 *     1          start-step or reset-step: a step without parts
 *     2          text-start: an open text without characters
 *     2 + k      a text-delta: the first k UTF-16 units of the text
 *     from 3 + k where k is the length of the whole text: what follows it, one by one; the last is [DONE]
 */
export type EventId = EntryId;

export const formatEventId = ({ attempt, n }: EventId): string => `${attempt}-${n}`;

/** Reads the header Last-Event-ID. @returns null, which is the start, for anything that is not an id of ours */
export function parseEventId(header: string | undefined): EventId | null {
  const [, attempt, n] = /^(\d{1,9})-(\d{1,15})$/.exec(header ?? '') ?? [];
  return attempt === undefined || n === undefined ? null : { attempt: Number(attempt), n: Number(n) };
}
