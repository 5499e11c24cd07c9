export interface Timeouts {
  /** The time from the call to the first part of the answer, in milliseconds. */
  firstTokenTimeoutMs: number;
  /** The time between two parts of a stream, in milliseconds, without the time that the reader takes. */
  idleTimeoutMs: number;
  /** The time of the whole call, in milliseconds. */
  totalTimeoutMs: number;
}

/**
 * The abort signal of one call: it follows the caller's, and fires when a deadline passes. The SDK throws the same
 * AbortError for both; `expired` tells them apart.
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

  /** Requires that the next part arrives within `ms` milliseconds from now. */
  expectWithin(ms: number): void {
    this.silence = setTimeout(this.expire, ms);
  }

  arrived(): void {
    clearTimeout(this.silence);
  }

  /** Ends the HTTP request if it still runs; leaving the SDK's iterator does not end it. */
  close(): void {
    clearTimeout(this.total);
    clearTimeout(this.silence);
    this.caller.removeEventListener('abort', this.abort);
    this.abort();
  }
}
