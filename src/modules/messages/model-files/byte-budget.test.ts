import { ByteBudget } from './byte-budget.js';

const NEVER = new AbortController().signal;

describe('the bytes that are held', () => {
  test('are given while they are free, and given back once', () => {
    const budget = new ByteBudget(10);
    const release = budget.tryTake(6);
    expect(budget.tryTake(5)).toBeNull();
    release?.();
    release?.();
    expect(budget.tryTake(11)).not.toBeNull();
    expect(budget.tryTake(1)).toBeNull();
  });

  test('go to those who wait, in their order, and to nobody before them', async () => {
    const budget = new ByteBudget(10);
    const order: string[] = [];
    const first = await budget.take(10, NEVER);
    const waiting = (['large', 'small'] as const).map(async (name) => {
      const release = await budget.take(name === 'large' ? 8 : 2, NEVER);
      order.push(name);
      return release;
    });
    expect(budget.tryTake(0)).toBeNull();
    first();
    const releases = await Promise.all(waiting);
    expect(order).toEqual(['large', 'small']);
    expect(budget.tryTake(1)).toBeNull();
    for (const release of releases) release();
    expect(budget.tryTake(10)).not.toBeNull();
  });

  test('are not kept for one who left', async () => {
    const budget = new ByteBudget(10);
    const first = await budget.take(5, NEVER);
    const leaving = new AbortController();
    const left = budget.take(10, leaving.signal).catch((error: unknown) => error);
    const next = budget.take(5, NEVER);
    leaving.abort(new Error('gone'));
    expect(await left).toEqual(new Error('gone'));
    (await next)();
    first();
    await expect(budget.take(1, leaving.signal)).rejects.toThrow('gone');
    expect(budget.tryTake(10)).not.toBeNull();
  });
});
