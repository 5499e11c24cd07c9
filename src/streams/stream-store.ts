/** Names an entry of a stream, and the place after it. Entries are ordered by attempt, then by n. */
export interface EntryId {
  readonly attempt: number;
  readonly n: number;
}

export interface StreamEntry extends EntryId {
  readonly data: string;
}

/**
 * What became of an append:
 * - `appended`: the entries are in the stream, written now or before.
 * - `lost`: the stream does not hold what was written before. Nothing was written; the writer appends its whole attempt again.
 * - `superseded`: the stream has ended, or a newer attempt has begun. Nothing was written, and nothing will be.
 * - `full`: the stream would outgrow its limit. Nothing was written; readers get what is there.
 */
export type AppendResult = 'appended' | 'lost' | 'superseded' | 'full';

/** The newest entry's id, with 0 for n where an attempt ended without entries. */
export interface StreamState extends EntryId {
  readonly ended: boolean;
}

export interface StreamOptions {
  /** How long a stream is kept after its last append, in milliseconds. */
  readonly ttlMs: number;
  /** How long an ended stream is kept for readers that are still behind, in milliseconds. */
  readonly endedTtlMs: number;
  /** The data of one stream, in bytes. */
  readonly maxBytes: number;
}

export const DEFAULT_STREAM_OPTIONS: StreamOptions = { ttlMs: 15 * 60_000, endedTtlMs: 60_000, maxBytes: 4 * 1024 * 1024 };

/**
 * Short-lived streams of entries that any process can read from any place while one process writes them. A cache: a stream can vanish at any
 * moment. What it promises is that a reader never sees a gap: an append that does not continue what is there is refused.
 */
export abstract class StreamStore {
  /**
   * Adds entries of one attempt, in rising order. Entries at or before the newest one are taken as written already, so an append whose answer
   * was lost can be repeated, also with more entries. The first append of a newer attempt removes what older ones wrote.
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
   * The entries after an id: those that are there, then those that come, without gap or repetition, until the stream ends or the signal is
   * aborted; both end the iteration without an error. It waits for streams that do not exist yet, and while the store cannot be reached. Nothing is
   * kept for a reader who does not ask for more: it reads on from the store.
   * @throws Error from the iteration when this process has closed its store
   */
  abstract read(streamId: string, after: EntryId | null, signal: AbortSignal): AsyncIterableIterator<readonly StreamEntry[]>;

  /**
   * Removes what was written, and ends the stream: for as long as an ended stream is kept, whoever goes on writing is superseded.
   * @throws Error within two seconds when the store cannot be reached
   */
  async erase(streamId: string): Promise<void> {
    await this.end(streamId, LAST_ATTEMPT);
  }

  /**
   * How far a stream has come; null when the store does not have it.
   * @throws Error within two seconds when the store cannot be reached
   */
  abstract state(streamId: string): Promise<StreamState | null>;
}

/** No other comes after it. */
const LAST_ATTEMPT = Number.MAX_SAFE_INTEGER;

/** Stands for the end of an attempt: no entry comes after it. */
export const END_N = Number.MAX_SAFE_INTEGER;

export const isAfter = (id: EntryId, other: EntryId | null): boolean =>
  other === null || id.attempt > other.attempt || (id.attempt === other.attempt && id.n > other.n);

/** @throws Error for entries that no store could keep in order */
export function checkEntries(entries: readonly StreamEntry[]): asserts entries is readonly [StreamEntry, ...StreamEntry[]] {
  let previous: StreamEntry | null = null;
  for (const entry of entries) {
    const isPlace = Number.isSafeInteger(entry.n) && entry.n >= 1 && entry.n < END_N && Number.isSafeInteger(entry.attempt);
    if (!isPlace || entry.attempt < 0) throw new Error(`no place for an entry: ${entry.attempt}-${entry.n}`);
    if (previous && (entry.attempt !== previous.attempt || entry.n <= previous.n))
      throw new Error('entries of one attempt, in rising order');
    previous = entry;
  }
  if (!previous) throw new Error('nothing to append');
}
