/**
 * What the requests are compared with: Fastify, jsonwebtoken, pg and ioredis doing the same work without our code. Each
 * route checks the token, and then runs one named statement or reads one value of Redis.
 */
import { createSecretKey } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import fastify, { type FastifyRequest } from 'fastify';
import { Redis } from 'ioredis';
import jwt from 'jsonwebtoken';
import { Pool } from 'pg';
import { newId } from '../src/common/ids.js';
import { DEFAULT_MODELS } from '../src/config/models.js';
import { declaredStatements } from '../src/database/statement.js';
import '../src/modules/messages/index.js';
import { toVector } from '../src/modules/messages/search/words.js';

const { PORT, DATABASE_URL = '', REDIS_URL = '', JWT_SECRET = '' } = process.env;
const key = createSecretKey(JWT_SECRET, 'utf8');
const pool = new Pool({ connectionString: DATABASE_URL, max: 20 });
const redis = new Redis(REDIS_URL);
const app = fastify();
app.addHook('onError', (_request, _reply, error, done) => {
  console.error(error);
  done();
});

/** The user of a genuine token. @throws Error for any other text, and without one */
function userOf({ headers }: FastifyRequest): string {
  const claims = jwt.verify(headers.authorization?.slice('Bearer '.length) ?? '', key, { algorithms: ['HS256'] });
  return String((claims as { readonly [claim: string]: unknown })['sub']);
}

/** Runs one of our statements as its text is. Parameters that are not given are null. */
function statementNamed<Row extends object>(name: string): (parameters: Readonly<Record<string, unknown>>) => Promise<Row[]> {
  const found = declaredStatements().find((declared) => declared.name === name);
  if (found === undefined) throw new Error(`there is no statement ${name}`);
  const names = Object.keys(found.parameters);
  return async (parameters) => {
    const values = names.map((parameter) => parameters[parameter] ?? null);
    return (await pool.query<Row>({ name, text: found.text, values })).rows;
  };
}

const listBranch = statementNamed('messages_list_branch');
const accept = statementNamed<{ position: number | null }>('messages_accept');
const models = DEFAULT_MODELS.map(({ id }) => id);

await pool.query(
  'CREATE TABLE IF NOT EXISTS bare (id uuid PRIMARY KEY, content text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())',
);

app.get('/live', (request, reply) => {
  userOf(request);
  void reply.send({ status: 'ok' });
});
app.get('/me', async (request) => {
  const text = 'SELECT id, username, email, mobile_number, role, created_at FROM users WHERE id = $1';
  return (await pool.query<object>({ name: 'me', text, values: [userOf(request)] })).rows[0];
});
app.get('/list', async (request, reply) => {
  const body = await redis.get(`bare:${userOf(request)}`);
  return reply.type('application/json; charset=utf-8').send(body);
});
app.get<{ Params: { room: string } }>('/room/:room', async (request) =>
  listBranch({ user_id: userOf(request), chatroom_id: request.params.room, count: 21 }),
);
app.post<{ Params: { room: string }; Body: { content: string } }>('/accept/:room', async (request, reply) => {
  const { content } = request.body;
  const rows = await accept({
    user_id: userOf(request),
    chatroom_id: request.params.room,
    basic_limit: 5,
    basic_models: models,
    pro_models: models,
    max_unfinished: 100_000,
    reply_cost: 0,
    reply_id: newId(),
    message_id: newId(),
    content,
    words: toVector(content),
  });
  if (typeof rows[0]?.position !== 'number') throw new Error('the message was refused');
  return reply.code(202).send(rows[0]);
});
app.post<{ Body: { content: string } }>('/rows', async (request, reply) => {
  userOf(request);
  const text = 'INSERT INTO bare (id, content) VALUES ($1, $2), ($3, $2) RETURNING *';
  return reply.code(202).send((await pool.query<object>({ name: 'rows', text, values: [newId(), request.body.content, newId()] })).rows);
});

/** The connections that get what one channel brings. */
const readers = new Map<string, Set<ServerResponse>>();
const subscriber = new Redis(REDIS_URL);
subscriber.on('message', (channel: string, message: string) => {
  const frame = `event: piece\ndata: ${message}\n\n`;
  for (const reader of readers.get(channel) ?? []) reader.write(frame);
});
app.get<{ Params: { id: string } }>('/stream/:id', async (request, reply) => {
  userOf(request);
  const channel = `stream:${request.params.id}`;
  const found = readers.get(channel);
  if (found === undefined) await subscriber.subscribe(channel);
  const { raw } = reply.hijack();
  readers.set(channel, (readers.get(channel) ?? new Set()).add(raw));
  raw.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
});

await app.listen({ port: Number(PORT), host: '127.0.0.1' });
