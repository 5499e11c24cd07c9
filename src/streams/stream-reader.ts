import type { EntryId, StreamEntry } from './stream-store.js';

/** One look at a stream. */
export interface Batch {
  readonly entries: readonly StreamEntry[];
  /** The stream ends after these entries. */
  readonly ended: boolean;
  /** There may be more after these. */
  readonly more: boolean;
}

export interface Source {
  /** Rings when there may be something new, and whenever news may have been missed. @returns what ends it */
  watch(ring: () => void): () => void;
  /** What comes after an id, a bounded part of it; null when the store does not answer: it is asked again. */
  look(after: EntryId | null): Batch | Promise<Batch | null>;
}

type Taken = IteratorResult<readonly StreamEntry[], undefined>;

interface Taker {
  resolve(taken: Taken): void;
  reject(error: unknown): void;
}

/** How long a reader waits before it asks a store again that did not answer. */
const RETRY_MS = 500;

const DONE: Taken = { done: true, value: undefined };

/**
 * History and live entries as one: watches first, then looks, so that nothing falls between, and looks again whenever the watch has rung. Written
 * by hand because thousands of readers run through it many times a second: a generator costs several promises for each batch, this one.
 */
export class StreamReader implements AsyncIterableIterator<readonly StreamEntry[]> {
  private taker: Taker | null = null;
  private isStarted = false;
  private isDone = false;
  private isLooking = false;
  /** There may be something to look at. A ring while nobody takes is kept for the next who does. */
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

  /** One at a time: the next only when this has resolved. */
  next(): Promise<Taken> {
    if (this.taker) return Promise.reject(new Error('the last entries are still on their way'));
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

  /** Ends the iteration, also for one who waits. */
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
      // Spread, because all readers of a process fail at once.
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
