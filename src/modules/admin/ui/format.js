import { h } from './dom.js';

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });
const whole = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });

export const time = (iso) => (iso === null ? '–' : h('time', { datetime: iso, title: iso }, moment.format(new Date(iso))));
export const shortDay = (text) => day.format(new Date(`${text}T00:00:00Z`));
export const count = (number) => whole.format(number);
export const compact = (number) => short.format(number);
export const usd = (number) =>
  new Intl.NumberFormat(undefined, { style: 'currency', currency: 'USD', maximumFractionDigits: number < 1 ? 4 : 2 }).format(number);
/** An amount in the currency's smallest unit. */
export const money = ({ amount, currency }) => {
  const format = new Intl.NumberFormat(undefined, { style: 'currency', currency });
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
};
export const milliseconds = (ms) => (ms === null ? '–' : ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`);

/** The end of an id: ids of one time begin alike. */
export const shortId = (id) => h('code', { class: 'id', title: id }, id.length > 14 ? `…${id.slice(-8)}` : id);

const TONES = {
  completed: 'good',
  active: 'good',
  applied: 'good',
  trialing: 'good',
  failed: 'bad',
  disabled: 'bad',
  unpaid: 'bad',
  refused: 'bad',
  past_due: 'warn',
  blocked: 'warn',
  paused: 'warn',
  pending: 'busy',
  streaming: 'busy',
  pro: 'busy',
  admin: 'busy',
};

export const badge = (word) => h('span', { class: `badge ${TONES[word] ?? ''}` }, word);
