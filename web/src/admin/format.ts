import { inWholeUnits, type Amount } from '../ui/currency.ts';

const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });
const whole = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });

/** A UTC day, such as `2026-11-22`. */
export const shortDay = (text: string): string => day.format(new Date(`${text}T00:00:00Z`));
export const count = (number: number): string => whole.format(number);
export const compact = (number: number): string => short.format(number);
export const usd = (number: number): string =>
  new Intl.NumberFormat(undefined, { style: 'currency', currency: 'USD', maximumFractionDigits: number < 1 ? 4 : 2 }).format(number);
export const money = (amount: Amount): string =>
  new Intl.NumberFormat(undefined, { style: 'currency', currency: amount.currency }).format(inWholeUnits(amount));
export const bytes = (size: number): string =>
  new Intl.NumberFormat(undefined, {
    style: 'unit',
    unit: 'byte',
    notation: 'compact',
    unitDisplay: 'narrow',
    maximumFractionDigits: 1,
  }).format(size);
export const milliseconds = (ms: number | null): string => (ms === null ? '–' : ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`);
