/** The id of an entry, which is also the position after it. Entries are ordered by attempt, then by n. */
export interface EntryId {
  readonly attempt: number;
  readonly n: number;
}

export interface StreamEntry extends EntryId {
  readonly data: string;
}

/**
 * The result of an append:
 * - `appended`: the entries are in the stream, written now or before.
 * - `lost`: the stream does not hold what was written before. Nothing was written; the writer appends its whole attempt
 *   again.
 * - `superseded`: the stream has ended, or a newer attempt has begun. Nothing was written, and nothing will be.
 * - `full`: the stream would outgrow its limit. Nothing was written; readers get what is there.
 */
export type AppendResult = 'appended' | 'lost' | 'superseded' | 'full';

/** The id of the newest entry. n is 0 when an attempt has ended without entries. */
export interface StreamState extends EntryId {
  readonly ended: boolean;
}

export interface StreamOptions {
  /** Time for which a stream is kept after its last append, in milliseconds. */
  readonly ttlMs: number;
  /** Time for which an ended stream is kept for readers that are behind, in milliseconds. */
  readonly endedTtlMs: number;
  /** Most data of one stream, in bytes. */
  readonly maxBytes: number;
}

export const DEFAULT_STREAM_OPTIONS: StreamOptions = { ttlMs: 15 * 60_000, endedTtlMs: 60_000, maxBytes: 4 * 1024 * 1024 };

/**
 * Short-lived streams of entries. Any process can read them from any position while one process writes them. The store
 * is a cache: a stream can vanish at any moment. A reader never sees a gap, because an append that does not continue
 * the stream is refused.
 */
export abstract class StreamStore {
  /**
   * Adds entries of one attempt, in rising order. Entries at or before the newest one count as written, so that an
   * append whose result was lost can be repeated, also with more entries. The first append of a newer attempt removes
   * the entries of older ones.
   *
   * @param after n of the entry of this attempt that the stream must hold already; null for the first
   * @throws Error within two seconds when the store cannot be reached; the entries may have been written
   */
  abstract append(streamId: string, entries: readonly StreamEntry[], after: number | null): Promise<AppendResult>;

  /**
   * Ends the stream: its readers end when they have read everything. A newer attempt opens it again.
   *
   * @returns false when a newer attempt has begun: nothing was done
   * @throws Error within two seconds when the store cannot be reached
   */
  abstract end(streamId: string, attempt: number): Promise<boolean>;

  /**
   * Iterates over the entries after an id, existing and future ones, without gap or repetition, until the stream ends
   * or the signal is aborted. Both end the iteration without an error. It waits for streams that do not exist yet, and
   * while the store cannot be reached. No entries are buffered for a slow reader: it reads on from the store.
   * @throws Error from the iteration when this process has closed its store
   */
  abstract read(streamId: string, after: EntryId | null, signal: AbortSignal): AsyncIterableIterator<readonly StreamEntry[]>;

  /**
   * Removes the entries and ends the stream. For as long as an ended stream is kept, further appends are superseded.
   * @throws Error within two seconds when the store cannot be reached
   */
  async erase(streamId: string): Promise<void> {
    await this.end(streamId, LAST_ATTEMPT);
  }

  /**
   * The position of the newest entry; null when the store does not have the stream.
   * @throws Error within two seconds when the store cannot be reached
   */
  abstract state(streamId: string): Promise<StreamState | null>;
}

/** Higher than every attempt of a writer. */
const LAST_ATTEMPT = Number.MAX_SAFE_INTEGER;

/** The n that stands for the end of an attempt. No entry comes after it. */
export const END_N = Number.MAX_SAFE_INTEGER;

export const isAfter = (id: EntryId, other: EntryId | null): boolean =>
  other === null || id.attempt > other.attempt || (id.attempt === other.attempt && id.n > other.n);

/** @throws Error for entries that no store could keep in order */
export function checkEntries(entries: readonly StreamEntry[]): asserts entries is readonly [StreamEntry, ...StreamEntry[]] {
  let previous: StreamEntry | null = null;
  for (const entry of entries) {
    const isPosition = Number.isSafeInteger(entry.n) && entry.n >= 1 && entry.n < END_N && Number.isSafeInteger(entry.attempt);
    if (!isPosition || entry.attempt < 0) throw new Error(`Invalid position of an entry: ${entry.attempt}-${entry.n}.`);
    if (previous && (entry.attempt !== previous.attempt || entry.n <= previous.n))
      throw new Error('Entries must belong to one attempt and be in rising order.');
    previous = entry;
  }
  if (!previous) throw new Error('There is no entry to append.');
}
