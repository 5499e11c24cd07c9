/** Unix seconds. */
export type Seconds = number;

export const DAY: Seconds = 86_400;

export interface ClockState {
  id: 'clock';
  offset: Seconds;
  frozenAt: Seconds | null;
}

/** The simulated time: real time plus an offset, or standing still. It never goes back. */
export class SimulatorClock {
  private offset = 0;
  private frozenAt: Seconds | null = null;
  private momentOf: Seconds | null = null;

  now(): Seconds {
    return this.momentOf ?? this.frozenAt ?? realNow() + this.offset;
  }

  get frozen(): boolean {
    return this.frozenAt !== null;
  }

  /** Runs `work` as of `time`, so that what was due at a moment happens at that moment, however late it is noticed. */
  asOf<T>(time: Seconds, work: () => T): T {
    this.momentOf = time;
    try {
      return work();
    } finally {
      this.momentOf = null;
    }
  }

  moveTo(time: Seconds): void {
    const distance = Math.max(0, time - this.now());
    if (this.frozenAt === null) this.offset += distance;
    else this.frozenAt += distance;
  }

  freeze(): void {
    this.frozenAt ??= this.now();
  }

  unfreeze(): void {
    if (this.frozenAt === null) return;
    this.offset = this.frozenAt - realNow();
    this.frozenAt = null;
  }

  state(): ClockState {
    return { id: 'clock', offset: this.offset, frozenAt: this.frozenAt };
  }

  restore(state: ClockState): void {
    this.offset = state.offset;
    this.frozenAt = state.frozenAt;
  }
}

const realNow = (): Seconds => Math.floor(Date.now() / 1000);

/**
 * The end of the period that begins at `start`. Months and years keep the day of the month, or end with the month, as
 * Stripe's do.
 */
export function addInterval(start: Seconds, interval: string, count: number): Seconds {
  if (interval === 'day') return start + count * DAY;
  if (interval === 'week') return start + count * 7 * DAY;
  const from = new Date(start * 1000);
  const to = new Date(from);
  to.setUTCDate(1);
  to.setUTCMonth(to.getUTCMonth() + (interval === 'year' ? 12 * count : count));
  const lastDay = new Date(Date.UTC(to.getUTCFullYear(), to.getUTCMonth() + 1, 0)).getUTCDate();
  to.setUTCDate(Math.min(from.getUTCDate(), lastDay));
  return to.getTime() / 1000;
}
