import type { Stats } from '../api.ts';

const DAY_MS = 86_400_000;

/** The lengths to choose from, in UTC days, this day included. */
export const LENGTHS = [1, 7, 30, 90] as const;
export type Length = (typeof LENGTHS)[number];
const USUAL: Length = 30;

export const toLength = (text: string | null): Length => LENGTHS.find((days) => String(days) === text) ?? USUAL;

export interface Period {
  readonly from: string;
  readonly to: string;
}

/** The days up to now, and as many before them, up to the same time of day. */
export function periodsOf(days: Length): { readonly current: Period; readonly before: Period } {
  const now = Date.now();
  const from = Math.floor(now / DAY_MS) * DAY_MS - (days - 1) * DAY_MS;
  const at = (time: number) => new Date(time).toISOString();
  return { current: { from: at(from), to: at(now) }, before: { from: at(from - days * DAY_MS), to: at(now - days * DAY_MS) } };
}

/** A period's statistics and those of the period before it. */
export interface Compared {
  readonly stats: Stats;
  readonly before: Stats;
}
