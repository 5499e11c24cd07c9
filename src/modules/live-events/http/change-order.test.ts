import { randomInt } from 'node:crypto';
import type { Change } from '../live-event.js';
import { ChangeOrder } from './change-order.js';

const change = (version: number, raises = true): Change => ({ version, raises, events: [] });
const nameOf = ({ version, raises }: Change) => `${version}${raises ? '' : '+'}`;

/** In an order of which each is as likely (Fisher and Yates). */
function shuffled<T>(items: readonly T[]): T[] {
  const rest = [...items];
  return items.flatMap(() => rest.splice(randomInt(rest.length), 1));
}

const takeAll = (order: ChangeOrder, changes: readonly Change[]) => changes.flatMap((one) => [...order.take(one)]).map(nameOf);

test('changes come in the order of their versions, each once, and what happened after the change that it followed', () => {
  for (let run = 0; run < 200; run += 1) {
    const all = Array.from({ length: 20 }, (_, i) => [change(8 + i), change(8 + i, false)]).flat();
    const arrival = shuffled([...all, ...all.filter(({ raises }) => raises && randomInt(2) === 0)]);
    const told = takeAll(new ChangeOrder(7), arrival);
    expect(told.filter((name) => !name.endsWith('+'))).toEqual(all.filter(({ raises }) => raises).map(nameOf));
    expect([...told].sort()).toEqual(all.map(nameOf).sort());
    for (const name of told) expect(told.indexOf(name)).toBeGreaterThanOrEqual(told.indexOf(name.replace('+', '')));
  }
});

test('a change waits for the one before it', () => {
  const order = new ChangeOrder(1);
  expect(takeAll(order, [change(1), change(1, false), change(4), change(3, false), change(2)])).toEqual(['1+', '2']);
  expect(order.heldCount).toBe(2);
  expect(takeAll(order, [change(3)])).toEqual(['3', '3+', '4']);
  expect(order.version).toBe(4);
});

test('after a reset only what came later is told', () => {
  const order = new ChangeOrder(1);
  expect(takeAll(order, [change(3), change(3, false), change(5), change(7)])).toEqual([]);
  expect([...order.goOnAfter(4)].map(nameOf)).toEqual(['5']);
  expect(takeAll(order, [change(2), change(6)])).toEqual(['6', '7']);
});
