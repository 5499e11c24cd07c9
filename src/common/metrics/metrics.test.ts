import { Metrics } from './metrics.js';

const GAUGE = { service_things: { help: 'Things.' } };

const lines = async (metrics: Metrics) => (await metrics.text()).split('\n').filter((line) => line.startsWith('service_things'));

test('what is read from the database is read once for many scrapes at once and soon after', async () => {
  const metrics = new Metrics();
  let reads = 0;
  metrics.observeService(GAUGE, () => Promise.resolve({ service_things: (reads += 1) }));
  for (const all of await Promise.all(Array.from({ length: 20 }, () => lines(metrics)))) expect(all).toEqual(['service_things 1']);
  expect(await lines(metrics)).toEqual(['service_things 1']);
  expect(reads).toBe(1);
});

test('a reader that fails, or has nothing to say, leaves its gauge out and not the others', async () => {
  const metrics = new Metrics();
  metrics.observeService(GAUGE, () => Promise.reject(new Error('no database')));
  expect(await lines(metrics)).toEqual([]);
  expect(await metrics.text()).toContain('process_resident_memory_bytes');
  metrics.observeService(GAUGE, () => Promise.resolve({ service_things: null }));
  expect(await lines(metrics)).toEqual([]);
});

test('a reader that never answers costs a scrape three seconds', async () => {
  const metrics = new Metrics();
  metrics.observeService(GAUGE, () => new Promise(() => undefined));
  const begun = performance.now();
  expect(await lines(metrics)).toEqual([]);
  expect(performance.now() - begun).toBeGreaterThan(2_900);
});

test('all applications of a process share a counter', async () => {
  const metrics = new Metrics();
  metrics.counter('things_total', 'Things.', ['kind']).inc({ kind: 'a' });
  metrics.counter('things_total', 'Things.', ['kind']).inc({ kind: 'a' });
  expect(await metrics.text()).toContain('things_total{kind="a"} 2');
});
