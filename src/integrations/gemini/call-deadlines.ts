export interface Timeouts {
  /** From the call to the first part of the answer, in milliseconds. */
  firstTokenTimeoutMs: number;
  /** Of silence between two parts of a stream, in milliseconds; time that the reader takes does not count. */
  idleTimeoutMs: number;
  /** For the whole call, in milliseconds. */
  totalTimeoutMs: number;
}

/**
 * The abort signal of one call: it follows the caller's, and fires when a deadline passes.
 * The SDK gives the same AbortError for both, so `expired` remembers which it was.
 */
export class CallDeadlines {
  private readonly controller = new AbortController();
  private readonly total: NodeJS.Timeout;
  private silence: NodeJS.Timeout | undefined;
  private hasExpired = false;
  private readonly abort = () => {
    this.controller.abort();
  };
  private readonly expire = () => {
    this.hasExpired = true;
    this.abort();
  };

  constructor(
    private readonly caller: AbortSignal,
    totalTimeoutMs: number,
  ) {
    this.total = setTimeout(this.expire, totalTimeoutMs);
    caller.addEventListener('abort', this.abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get expired(): boolean {
    return this.hasExpired;
  }

  /** From now on something must arrive within `ms` milliseconds. */
  expectWithin(ms: number): void {
    this.silence = setTimeout(this.expire, ms);
  }

  arrived(): void {
    clearTimeout(this.silence);
  }

  /** Ends the HTTP request if it still runs: leaving the SDK's iterator does not. */
  close(): void {
    clearTimeout(this.total);
    clearTimeout(this.silence);
    this.caller.removeEventListener('abort', this.abort);
    this.abort();
  }
}
