export interface OptionalPartOptions {
  /** Of one call, in milliseconds. */
  readonly deadlineMs: number;
  /** How long the part is left alone after a call that failed, in milliseconds. */
  readonly pauseMs: number;
}

/** A part that the service can do without for a while. Its silence costs one deadline, not one for every request that comes meanwhile. */
export class OptionalPart {
  private pausedUntil = 0;

  constructor(private readonly options: OptionalPartOptions) {}

  /** The result of `call`; null when it failed, came too late or was not tried. Never throws. */
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
