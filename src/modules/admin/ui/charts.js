import { svg } from './dom.js';
import { compact, count, shortDay } from './format.js';

/** Whether the screen is narrow: a drawing gets smaller there, its text does not. */
const isNarrow = () => matchMedia('(max-width: 30rem)').matches;
const HEIGHT = 200;
const LEFT = 40;
const BOTTOM = 24;
const TOP = 10;

/** The next round number, as the end of an axis. */
function roundUp(value) {
  if (value <= 4) return 4;
  const size = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((step) => step * size).find((step) => step >= value);
}

/**
 * Bars for days, of one or several parts on top of each other.
 *
 * @param {string} label description for screen readers
 * @param {{day: string}[]} days
 * @param {{name: string, tone: string, of: (day: object) => number}[]} parts
 */
export function dayBars(label, days, parts) {
  const sums = days.map((row) => parts.reduce((total, { of }) => total + of(row), 0));
  const top = roundUp(Math.max(0, ...sums));
  const width = isNarrow() ? 340 : 640;
  const inner = HEIGHT - TOP - BOTTOM;
  const slot = (width - LEFT) / Math.max(1, days.length);
  const y = (value) => TOP + inner - (value / top) * inner;
  const grid = [0, 0.5, 1].map((part) =>
    svg(
      'g',
      {},
      svg('line', { class: 'grid', x1: LEFT, x2: width, y1: y(part * top), y2: y(part * top) }),
      svg('text', { class: 'tick', x: LEFT - 6, y: y(part * top) + 4, 'text-anchor': 'end' }, compact(part * top)),
    ),
  );
  const bars = days.map((row, i) => {
    let base = 0;
    const title = [shortDay(row.day), ...parts.map(({ name, of }) => `${name}: ${count(of(row))}`)].join('\n');
    return svg(
      'g',
      {},
      svg('title', {}, title),
      svg('rect', { class: 'hit', x: LEFT + i * slot, y: TOP, width: slot, height: inner }),
      parts.map(({ tone, of }) => {
        const value = of(row);
        if (value === 0) return null;
        const from = y(base + value);
        const height = y(base) - from;
        base += value;
        return svg('rect', { class: `bar ${tone}`, x: LEFT + i * slot + slot * 0.14, y: from, width: slot * 0.72, height, rx: 1.5 });
      }),
    );
  });
  const step = Math.max(1, Math.ceil(days.length / (isNarrow() ? 4 : 8)));
  const names = days.map((row, i) =>
    (days.length - 1 - i) % step === 0
      ? svg(
          'text',
          i === days.length - 1
            ? { class: 'tick', x: width, y: HEIGHT - 6, 'text-anchor': 'end' }
            : { class: 'tick', x: LEFT + (i + 0.5) * slot, y: HEIGHT - 6, 'text-anchor': 'middle' },
          shortDay(row.day),
        )
      : null,
  );
  return svg('svg', { class: 'chart', viewBox: `0 0 ${width} ${HEIGHT}`, role: 'img', 'aria-label': label }, grid, bars, names);
}

/** A bar for a part of a whole, as wide as its column. */
export const shareBar = (value, whole, tone = 'a') =>
  svg(
    'svg',
    { class: 'share', viewBox: '0 0 100 6', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svg('rect', { class: 'rail', width: 100, height: 6 }),
    svg('rect', { class: `bar ${tone}`, width: whole === 0 ? 0 : Math.max(value > 0 ? 1 : 0, (value / whole) * 100), height: 6 }),
  );
