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
  /** What comes after an id, a bounded part of it; null when that cannot be told now: the watch rings, or it is asked again soon. */
  look(after: EntryId | null): Batch | Promise<Batch | null>;
}

/** How long a reader waits before it looks again at a store that did not answer. */
const RETRY_MS = 500;

/** History and live entries as one: watches first, then looks, so that nothing falls between; looks again whenever the watch has rung. */
export async function* readStream(
  source: Source,
  after: EntryId | null,
  signal: AbortSignal,
): AsyncGenerator<readonly StreamEntry[], void> {
  if (signal.aborted) return;
  const bell = new Bell();
  const ring = () => {
    bell.ring();
  };
  const leave = source.watch(ring);
  signal.addEventListener('abort', ring);
  try {
    for (let position = after; ;) {
      await bell.heard();
      for (let more = true; more;) {
        if (isAborted(signal)) return;
        const batch = await source.look(position);
        if (isAborted(signal)) return;
        if (batch === null) {
          // Spread, because all readers of a process fail at once.
          bell.ringIn(RETRY_MS * (0.5 + Math.random()));
          break;
        }
        const last = batch.entries.at(-1);
        if (last) {
          position = { attempt: last.attempt, n: last.n };
          yield batch.entries;
        }
        if (batch.ended) return;
        more = batch.more;
      }
    }
  } finally {
    leave();
    signal.removeEventListener('abort', ring);
    bell.silence();
  }
}

/** Read anew each time, which the compiler cannot know. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;

/** Wakes one sleeper; a ring while nobody sleeps is heard by the next. */
class Bell {
  private rung = false;
  private wake: (() => void) | null = null;
  private timer: NodeJS.Timeout | null = null;

  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  ringIn(ms: number): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.ring();
    }, ms);
  }

  async heard(): Promise<void> {
    if (!this.rung) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      this.wake = null;
    }
    this.rung = false;
  }

  silence(): void {
    if (this.timer) clearTimeout(this.timer);
  }
}
