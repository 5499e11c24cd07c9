import { cpuOf, cpuOfFamily, memoryOf } from './processes.js';
import { type Measured, quantile } from './results.js';
import { type BenchUser, type ModelTimes, type Served, startSystem, type System } from './system.js';
import { until } from '../test/support/until.js';

const CONTENT = JSON.stringify({ content: 'What should I see in Kyoto?' });

/** The text of a miss of the targets before the first token. */
const FIRST_TOKEN_REMEDY =
  'Each step is a round trip: accept, queue, claim, context, call, stream. Fewer of them would merge the claim and the context.';

const FIRST_TOKEN: ModelTimes = { latencyMs: 100, chunkMs: 20, tokens: 30 };
const CLIENTS = 8;
const EXCHANGES_EACH = 50;

/**
 * Measures the time that the product adds to the model's own before the first token: from the request to the first
 * piece of text in its event stream, beside a call of the model by the same client.
 */
export async function measureFirstToken(): Promise<Measured[]> {
  const system = await startSystem();
  try {
    const { api, model } = await startAll(system, FIRST_TOKEN, { WORKER_CONCURRENCY: '100' });
    const users = await system.createUsers(CLIENTS);
    // The first rounds are for the compilers.
    await Promise.all(users.map((user) => exchange(api, user, 5)));
    const own = await Promise.all(users.map(() => times(EXCHANGES_EACH, () => askModel(model).then(({ first }) => first))));
    const modelMs = quantile(own.flat(), 0.5);
    const added = (await Promise.all(users.map((user) => exchange(api, user, EXCHANGES_EACH)))).flat().map((ms) => ms - modelMs);
    return [
      {
        what: `request → first token over the model's own time, p50 of ${CLIENTS} clients`,
        value: quantile(added, 0.5),
        unit: 'ms',
        target: { is: '≤', limit: 15, remedy: FIRST_TOKEN_REMEDY },
      },
      {
        what: "request → first token over the model's own time, p99",
        value: quantile(added, 0.99),
        unit: 'ms',
        target: { is: '≤', limit: 40, remedy: FIRST_TOKEN_REMEDY },
      },
    ];
  } finally {
    await system.close();
  }
}

/** Chunks of a usual size at a usual pace, for about twenty seconds. */
const LONG_REPLY: ModelTimes = { latencyMs: 500, chunkMs: 200, tokens: 1_500 };
const IN_FLIGHT = 1_000;
const ROOM_OWNERS = 50;

/** Measures one worker process that starts with a thousand replies to make, beside one call of the model alone. */
export async function measureWorker(): Promise<Measured[]> {
  const system = await startSystem();
  try {
    const api = await system.startApi();
    const model = await system.startModel(LONG_REPLY);
    const users = await system.createUsers(ROOM_OWNERS);
    const { total: idealMs } = await askModel(model);
    const rooms = await system.pool.query<{ id: string; owner: number }>(
      `INSERT INTO chatrooms (id, user_id, name)
       SELECT gen_random_uuid(), ($1::uuid[])[n % ${ROOM_OWNERS} + 1], 'Bench' FROM generate_series(1, ${IN_FLIGHT}) AS n
       RETURNING id, array_position($1::uuid[], user_id) - 1 AS owner`,
      [users.map(({ id }) => id)],
    );
    for (const { id, owner } of rooms.rows) await send(api, users[owner]?.token ?? '', id);
    const worker = await system.startWorker({ GEMINI_BASE_URL: model.origin, WORKER_CONCURRENCY: String(IN_FLIGHT) });
    const before = { worker: cpuOf(worker.process.pid), postgres: cpuOfFamily(system.pids.postgres) };
    await lagOf(worker);
    await until('every reply is finished', async () => (await countUnfinished(system)) === 0, 300_000, 500);
    const after = { worker: cpuOf(worker.process.pid), postgres: cpuOfFamily(system.pids.postgres) };
    const [took] = (
      await system.pool.query<{ ms: number; failed: string }>(
        `SELECT extract(epoch FROM max(completed_at) - min(started_at))::float8 * 1000 AS ms, count(*) FILTER (WHERE status <> 'completed') AS failed
         FROM messages WHERE role = 'model'`,
      )
    ).rows;
    if (took?.failed !== '0') throw new Error(`${took?.failed ?? ''} replies failed`);
    return [
      {
        what: `one worker, ${IN_FLIGHT} replies in flight: from the first claim to the last end, beside one call of the model`,
        value: took.ms / idealMs,
        unit: '×',
        target: {
          is: '≤',
          limit: 1.15,
          remedy: 'All replies are claimed at once and end at once here: two processes, or batches of claims and ends, would be faster.',
        },
      },
      {
        what: 'delay of the worker’s event loop, p99',
        value: await lagOf(worker),
        unit: 'ms',
        target: { is: '<', limit: 50, remedy: 'Less CPU for a chunk, or fewer replies in flight (WORKER_CONCURRENCY) in more processes.' },
      },
      {
        what: 'memory of the worker, peak',
        value: memoryOf(worker.process.pid).peak,
        unit: 'MB',
        target: { is: '<', limit: 400, remedy: 'A smaller heap of the young generation, or fewer replies in flight in more processes.' },
      },
      {
        what: "the worker's CPU for a reply of a hundred chunks",
        value: (after.worker - before.worker) / IN_FLIGHT,
        unit: 'ms',
        target: null,
      },
      {
        what: "PostgreSQL's CPU for the reply: claim, lease, end",
        value: (after.postgres - before.postgres) / IN_FLIGHT,
        unit: 'ms',
        target: null,
      },
    ];
  } finally {
    await system.close();
  }
}

async function startAll(system: System, times: ModelTimes, settings: { readonly WORKER_CONCURRENCY: string }) {
  const model = await system.startModel(times);
  const api = await system.startApi();
  const worker = await system.startWorker({ GEMINI_BASE_URL: model.origin, ...settings });
  return { api, model, worker };
}

async function times<T>(count: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  while (results.length < count) results.push(await work());
  return results;
}

/** Sends messages one after the other. @returns the times to their first tokens in milliseconds */
const exchange = (api: Served, { token, room }: BenchUser, count: number): Promise<number[]> =>
  times(count, async () => {
    const begin = performance.now();
    const answer = await fetch(`${api.origin}/chatroom/${room}/message`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'text/event-stream' },
      body: CONTENT,
    });
    const { first } = await readPieces(answer, begin, '"text-delta"');
    return first;
  });

async function send(api: Served, token: string, room: string): Promise<void> {
  const { status } = await fetch(`${api.origin}/chatroom/${room}/message`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: CONTENT,
  });
  if (status !== 202) throw new Error(`a message was answered with ${status}`);
}

/** Asks the model itself. @returns the milliseconds to its first text, and to its end */
async function askModel(model: Served): Promise<{ first: number; total: number }> {
  const begin = performance.now();
  const answer = await fetch(`${model.origin}/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-goog-api-key': 'simulated' },
    body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'What should I see in Kyoto?' }] }] }),
  });
  return readPieces(answer, begin, '"text"');
}

/** Reads a whole body. @returns the milliseconds from `begin` to the first piece with these words, and to the end */
async function readPieces({ ok, status, body }: Response, begin: number, words: string): Promise<{ first: number; total: number }> {
  if (!ok || body === null) throw new Error(`answered ${status}`);
  let first = NaN;
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    if (Number.isNaN(first) && Buffer.from(piece).includes(words)) first = performance.now() - begin;
  }
  if (Number.isNaN(first)) throw new Error(`the answer has no ${words}`);
  return { first, total: performance.now() - begin };
}

async function countUnfinished({ pool }: System): Promise<number> {
  const { rowCount } = await pool.query(`SELECT FROM messages WHERE status IN ('pending', 'streaming')`);
  return rowCount ?? 0;
}

/** The p99 of the delays of a process's event loop since the last call, in milliseconds. */
async function lagOf({ metricsOrigin }: Served): Promise<number> {
  const metrics = await (await fetch(`${metricsOrigin}/metrics`)).text();
  return Number(/^nodejs_eventloop_lag_p99_seconds (\S+)/m.exec(metrics)?.[1] ?? NaN) * 1_000;
}
