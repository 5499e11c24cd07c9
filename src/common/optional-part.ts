export interface OptionalPartOptions {
  /** Longest duration of one call, in milliseconds. */
  readonly deadlineMs: number;
  /** Time without calls after a call that failed, in milliseconds. */
  readonly pauseMs: number;
}

/**
 * A part that the service can do without for a while. A silent part costs one deadline, instead of one for each request
 * that comes meanwhile.
 */
export class OptionalPart {
  private pausedUntil = 0;

  constructor(private readonly options: OptionalPartOptions) {}

  /** Returns the result of `call`; null when it failed, came too late or was not made. It never throws. */
  async attempt<T>(call: () => Promise<T>): Promise<{ readonly value: T } | null> {
    if (performance.now() < this.pausedUntil) return null;
    const { deadlineMs, pauseMs } = this.options;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, deadlineMs, null);
    });
    const result = await Promise.race([
      call().then(
        (value) => ({ value }),
        () => null,
      ),
      late,
    ]);
    clearTimeout(timer);
    if (result === null) this.pausedUntil = performance.now() + pauseMs;
    return result;
  }
}
