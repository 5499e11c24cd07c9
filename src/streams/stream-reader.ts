import type { EntryId, StreamEntry } from './stream-store.js';

/** The result of one read of a stream. */
export interface Batch {
  readonly entries: readonly StreamEntry[];
  /** The stream ends after these entries. */
  readonly ended: boolean;
  /** There may be more entries after these. */
  readonly more: boolean;
}

export interface Source {
  /**
   * Calls `ring` when there may be new entries, also when an announcement may have been missed.
   * @returns a function that ends it
   */
  watch(ring: () => void): () => void;
  /**
   * Returns a bounded number of entries after an id; null when the store does not answer, so that the reader retries.
   */
  look(after: EntryId | null): Batch | Promise<Batch | null>;
}

type Taken = IteratorResult<readonly StreamEntry[], undefined>;

interface Taker {
  resolve(taken: Taken): void;
  reject(error: unknown): void;
}

/** Wait before a reader retries after a store did not answer. */
const RETRY_MS = 500;

const DONE: Taken = { done: true, value: undefined };

/**
 * Joins history and live entries: it watches before it reads, so that no entry is missed, and reads again whenever the
 * watch has rung. It is written by hand because thousands of readers use it many times a second: a generator costs
 * several promises for each batch, this class one.
 */
export class StreamReader implements AsyncIterableIterator<readonly StreamEntry[]> {
  private taker: Taker | null = null;
  private isStarted = false;
  private isDone = false;
  private isLooking = false;
  /** There may be new entries. A ring while nobody waits is kept for the next call of `next`. */
  private hasRung = false;
  private retry: NodeJS.Timeout | undefined;
  private leave: (() => void) | null = null;

  constructor(
    private readonly source: Source,
    private position: EntryId | null,
    private readonly signal: AbortSignal,
  ) {}

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Only one call at a time: the next one is allowed when this one has resolved. */
  next(): Promise<Taken> {
    if (this.taker) return Promise.reject(new Error('The previous call of next has not resolved.'));
    this.start();
    if (this.isDone) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => {
      this.taker = { resolve, reject };
      this.look();
    });
  }

  return(): Promise<Taken> {
    this.finish();
    return Promise.resolve(DONE);
  }

  private start(): void {
    if (this.isStarted || this.isDone) return;
    this.isStarted = true;
    if (this.signal.aborted) {
      this.isDone = true;
      return;
    }
    this.signal.addEventListener('abort', this.finish);
    this.leave = this.source.watch(this.ring);
  }

  private readonly ring = (): void => {
    this.hasRung = true;
    this.look();
  };

  /** Ends the iteration, also for a caller who waits. */
  private readonly finish = (): void => {
    this.isDone = true;
    this.leave?.();
    this.leave = null;
    this.signal.removeEventListener('abort', this.finish);
    clearTimeout(this.retry);
    this.settle()?.resolve(DONE);
  };

  private look(): void {
    if (!this.taker || !this.hasRung || this.isLooking || this.isDone) return;
    this.hasRung = false;
    const seen = this.source.look(this.position);
    if (!(seen instanceof Promise)) {
      this.take(seen);
      return;
    }
    this.isLooking = true;
    seen.then(
      (batch) => {
        this.isLooking = false;
        if (!this.isDone) this.take(batch);
      },
      (error: unknown) => {
        this.isLooking = false;
        const taker = this.settle();
        this.finish();
        taker?.reject(error);
      },
    );
  }

  private take(batch: Batch | null): void {
    if (batch === null) {
      // The retries are spread, because all readers of a process fail at once.
      this.retry = setTimeout(this.ring, RETRY_MS * (0.5 + Math.random()));
      return;
    }
    const { entries, ended, more } = batch;
    const last = entries.at(-1);
    if (last) {
      this.position = { attempt: last.attempt, n: last.n };
      this.settle()?.resolve({ done: false, value: entries });
    }
    if (ended) this.finish();
    else if (more) this.ring();
    else this.look();
  }

  private settle(): Taker | null {
    const { taker } = this;
    this.taker = null;
    return taker;
  }
}
