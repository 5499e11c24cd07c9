/**
 * Measures what the product costs beside bare servers that do the same work: `npm run bench`. Every server is a process
 * of its own in production mode, on a PostgreSQL and a Redis with production's settings. A complete run writes
 * bench/RESULTS.md, bench/results.json and the plots; with `--only` it prints. `--messages 10000000` makes ten million.
 *
 *     npm run bench -- --only accept,worker --seconds 2 --rounds 3
 */
import { parseArgs } from 'node:util';
import { loadGenerator } from './load.js';
import { measureReaders } from './fan-out.js';
import { measureFirstToken, measureWorker } from './replies.js';
import { measureRequests, REQUEST_KEYS } from './requests.js';
import { machine, type Measured, type Results, save, toMarkdown } from './results.js';
import { measureSize } from './size.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    messages: { type: 'string', default: '1000000' },
  },
});

/** The parts that give single numbers. */
const PARTS: Readonly<Record<string, () => Promise<Measured[]>>> = {
  'first-token': measureFirstToken,
  worker: measureWorker,
  readers: measureReaders,
  size: () => measureSize(Number(values.messages)),
};

const keys = [...REQUEST_KEYS, ...Object.keys(PARTS)];
const only = new Set(values.only === undefined ? keys : values.only.split(','));
const unknown = [...only].filter((key) => !keys.includes(key));
if (unknown.length > 0) throw new Error(`--only takes ${keys.join(', ')}, not ${unknown.join(', ')}`);
const options = {
  only,
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  report: (line: string) => {
    console.log(line);
  },
};

const results: Results = { comparisons: [], measured: [], failures: [] };
const versions: Record<string, string> = { Node: process.version, 'load by': loadGenerator };

/** A part that fails is named in place of its rows, and the others are still measured. */
async function measurePart(name: string, measure: () => Promise<void>): Promise<void> {
  const begin = performance.now();
  try {
    await measure();
    console.log(`${name} took ${Math.round((performance.now() - begin) / 1_000)} s`);
  } catch (error) {
    process.exitCode = 1;
    console.error(`${name} could not be measured:`, error);
    results.failures.push(`${name}: ${String(error)}`);
  }
}

if (REQUEST_KEYS.some((key) => only.has(key))) {
  await measurePart('requests', async () => {
    const { comparisons, measured, versions: servers } = await measureRequests({ ...options, part: measurePart });
    results.comparisons.push(...comparisons);
    results.measured.push(...measured);
    Object.assign(versions, { PostgreSQL: servers.postgres, Redis: servers.redis });
  });
}
for (const [key, measure] of Object.entries(PARTS)) {
  if (!only.has(key)) continue;
  await measurePart(key, async () => {
    const measured = await measure();
    results.measured.push(...measured);
    for (const { what, value, unit } of measured) console.log(`${what}: ${value.toFixed(2)} ${unit}`);
  });
}

console.log(`\n${toMarkdown(results)}`);
if (values.only === undefined) {
  const { rounds, seconds } = options;
  await save(results, { date: new Date().toISOString().slice(0, 10), machine: machine(), versions, rounds, seconds });
}
process.exit();
