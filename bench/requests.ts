/**
 * What our way of answering costs: the requests of a conversation to one API process, beside a bare Fastify that
 * answers after one named statement each, on the same PostgreSQL, one after the other in this run. Prints requests a
 * second, and what they took.
 *
 *     npx swc src migrations test/support bench --out-dir dist && node dist/bench/requests.js [seconds] [connections]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { Pool } from 'pg';
import { newId } from '../src/common/ids.js';
import { startCluster } from '../test/support/cluster.js';
import { createClusterUsers, createRoom } from '../test/support/cluster-user.js';

interface Target {
  readonly name: string;
  readonly origin: string;
  readonly requests: readonly { readonly method: string; readonly path: string; readonly token?: string; readonly body?: string }[];
}

const [seconds = 5, connections = 16] = process.argv.slice(2, 4).map(Number);
const bareOn = process.env['BENCH_BARE'];

/** What a service would be that forgets limits, order, idempotency, sessions and the queue. */
async function serveBare(databaseUrl: string): Promise<void> {
  const pool = new Pool({ connectionString: databaseUrl, max: 20 });
  await pool.query('CREATE TABLE bare (id uuid PRIMARY KEY, content text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())');
  const app = fastify();
  const id = newId();
  await pool.query('INSERT INTO bare (id, content) VALUES ($1, $2)', [id, 'Hello']);
  app.get('/', async () => (await pool.query({ name: 'find', text: 'SELECT * FROM bare WHERE id = $1', values: [id] })).rows[0] as object);
  app.post('/', async ({ body }) => {
    const { content } = body as { content: string };
    const text = 'INSERT INTO bare (id, content) VALUES ($1, $2), ($3, $2) RETURNING *';
    return (await pool.query<object>({ name: 'insert', text, values: [newId(), content, newId()] })).rows;
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  process.send?.((app.server.address() as AddressInfo).port);
}

async function measure({ name, origin, requests }: Target): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const took: number[] = [];
  const begin = performance.now();
  const until = begin + seconds * 1_000;
  const ask = ({ method, path, token, body }: Target['requests'][number]) =>
    new Promise<void>((resolve, reject) => {
      const headers = {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      };
      const sent = request(`${origin}${path}`, { method, headers, agent }, (answer) => {
        if ((answer.statusCode ?? 500) > 299) reject(new Error(`${method} ${path} answered ${answer.statusCode ?? 0}`));
        answer.resume().on('end', resolve);
      });
      sent.on('error', reject).end(body);
    });
  const one = async (n: number) => {
    const wish = requests[n % requests.length];
    while (wish && performance.now() < until) {
      const sent = performance.now();
      await ask(wish);
      took.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, n) => one(n)));
  agent.destroy();
  took.sort((a, b) => a - b);
  const at = (part: number) => (took[Math.floor(took.length * part)] ?? NaN).toFixed(1);
  const rate = Math.round((took.length * 1_000) / (performance.now() - begin));
  console.log(`${name.padEnd(32)} ${String(rate).padStart(6)} requests/s   p50 ${at(0.5)} ms   p99 ${at(0.99)} ms`);
}

async function main(): Promise<void> {
  const cluster = await startCluster({
    apis: 1,
    workers: 0,
    settings: { MAX_PENDING_REPLIES: '100000' },
  });
  const bare = fork(process.argv[1] ?? '', { env: { ...process.env, BENCH_BARE: cluster.postgres.url } });
  try {
    const [port] = (await once(bare, 'message')) as [number];
    const bareOrigin = `http://127.0.0.1:${port}`;
    const [api] = cluster.apis;
    if (!api) throw new Error('no API');
    const users = await createClusterUsers(api.client, cluster.postgres, connections);
    const rooms = await Promise.all(users.map(async (user) => ({ ...user, room: await createRoom(api.client, user) })));
    const origin = api.client.origin;
    const body = JSON.stringify({ content: 'What should I see in Kyoto?' });
    const targets: Target[] = [
      { name: 'bare: one row', origin: bareOrigin, requests: [{ method: 'GET', path: '/' }] },
      { name: 'GET /user/me', origin, requests: users.map(({ token }) => ({ method: 'GET', path: '/user/me', token })) },
      { name: 'GET /chatroom, cached', origin, requests: users.map(({ token }) => ({ method: 'GET', path: '/chatroom', token })) },
      { name: 'bare: two rows inserted', origin: bareOrigin, requests: [{ method: 'POST', path: '/', body }] },
      {
        name: 'POST /chatroom/{id}/message',
        origin,
        requests: rooms.map(({ token, room }) => ({ method: 'POST', path: `/chatroom/${room}/message`, token, body })),
      },
    ];
    // The first round is for the compilers.
    for (const target of [...targets, ...targets]) await measure(target);
  } finally {
    bare.kill();
    await cluster.close();
  }
}

await (bareOn === undefined ? main() : serveBare(bareOn));
