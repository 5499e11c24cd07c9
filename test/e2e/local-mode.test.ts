import { statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client } from 'pg';
import { ApiClient, newMobileNumber } from '../support/api.js';
import { type Endpoints, isGone, LocalBuild, until } from '../support/local-process.js';

jest.setTimeout(240_000);

/** So that no test waits for what is meant for people. */
const QUICK = { GEMINI_SIMULATOR_LATENCY_MS: '0', GEMINI_SIMULATOR_CHUNK_MS: '0', BASIC_DAILY_LIMIT: '100', REPLY_LEASE: '2s' } as const;
const ACCOUNT = { username: 'ada', password: 'correct horse battery' };

interface ReplyBody {
  readonly id: string;
  readonly status: string;
  readonly content: string;
}

let build: LocalBuild;
let room: string;

beforeAll(() => {
  build = new LocalBuild();
});

afterAll(() => build.remove());

it('on its first start makes its secrets and an administrator, tells the password this once, and holds a conversation', async () => {
  const local = build.run('data', QUICK);
  const { api, gemini } = await local.ready();

  expect(local.output).toContain(`API            ${api}\n`);
  expect(local.output).toContain(`Swagger UI     ${api}/docs\n`);
  expect(local.output).toContain(`Data           ${join(build.folder, 'data')}\n`);
  expect(local.output).toContain(`Simulated      Gemini, at ${gemini} (set GEMINI_API_KEY to ask the real one)\n`);
  expect(statSync(join(build.folder, 'data')).mode & 0o777).toBe(0o700);
  expect(statSync(join(build.folder, 'data', 'secrets.json')).mode & 0o777).toBe(0o600);
  expect(statSync(join(build.folder, 'data', 'endpoints.json')).mode & 0o777).toBe(0o600);
  expect((await fetch(`${api}/docs`)).status).toBe(200);

  const password = /username admin, password (\S+)\n/.exec(local.output)?.[1] ?? 'none';
  const administrator = await new ApiClient(api).post('/auth/login', { body: { identifier: 'admin', password } });
  expect(administrator).toMatchObject({ status: 200, body: { user: { role: 'admin' } } });

  const client = new ApiClient(api);
  const signedUp = await client.post('/auth/signup', { body: { ...ACCOUNT, mobile_number: newMobileNumber() } });
  expect(signedUp).toMatchObject({ status: 201, body: { otp: expect.stringMatching(/^\d{6}$/) } });
  const token = await logIn(api);
  room = (await client.post<{ id: string }>('/chatroom', { token, body: { name: 'The first' } })).body.id;
  const reply = await converse(api, token, 'Do you hear me?');
  expect(reply.status).toBe('completed');
  expect(reply.content).toMatch(/^This is a simulated answer by .*1 turn: 1 from you, 0 from me\..*You wrote: “Do you hear me\?”/s);

  const postgres = local.postgresPid();
  expect(await local.end('SIGINT')).toBe(0);
  expect(isGone(postgres)).toBe(true);
  expect(build.processes()).toEqual([]);
});

describe('on a later start', () => {
  let local: ReturnType<LocalBuild['run']>;
  let endpoints: Endpoints;

  beforeAll(async () => {
    local = build.run('data', QUICK);
    endpoints = await local.ready();
  });

  afterAll(async () => {
    expect(await local.end('SIGTERM')).toBe(0);
    expect(build.processes()).toEqual([]);
  });

  it('makes no administrator and shows no password', () => {
    expect(local.output).not.toMatch(/password [^"]|Administrator/);
  });

  it('has its accounts and conversations still, and gives the model their history', async () => {
    const reply = await converse(endpoints.api, await logIn(endpoints.api), 'And now?');
    expect(reply.status).toBe('completed');
    expect(reply.content).toMatch(/3 turns: 2 from you, 1 from me\..*You wrote: “And now\?”.*Before that you wrote: “Do you hear me\?”/s);
    expect(reply.content).toContain('My last answer began: “This is a simulated answer');
  });

  it('has its data to itself: another process on the same folder, or on the same database, is refused', async () => {
    const onFolder = build.run('data', QUICK);
    const onDatabase = build.run('elsewhere', { ...QUICK, DATABASE_URL: endpoints.database });
    expect(await onFolder.exited).toBe(1);
    expect(lastLine(onFolder.output)).toMatch(
      new RegExp(`^The database in .* is in use by process ${endpoints.pid}: stop that first, or set LOCAL_DATA_DIR to another folder\\.$`),
    );
    expect(await onDatabase.exited).toBe(1);
    expect(lastLine(onDatabase.output)).toBe(
      `Another process of the local mode works on the data in the database ${new URL(endpoints.database).host}/gemini_chat: stop that first, or set LOCAL_DATA_DIR or DATABASE_URL to another place.`,
    );
    expect((await fetch(`${endpoints.api}/health/ready`)).status).toBe(200);
  });

  it('ends the other process that finds its port taken, with a message and nothing begun', async () => {
    const { port } = new URL(endpoints.api);
    const other = build.run('never made', { PORT: port });
    expect(await other.exited).toBe(1);
    expect(other.output).toBe(
      `Starting the local mode…\nPort ${port} is taken by another process. Stop that one, or set PORT to another port (0 takes any free one): PORT=0 npm start\n`,
    );
    expect(() => statSync(join(build.folder, 'never made'))).toThrow('ENOENT');
  });
});

it('finishes a reply, once, that it was killed in the middle of, and leaves no process behind', async () => {
  const first = build.run('data', { ...QUICK, GEMINI_SIMULATOR_CHUNK_MS: '2000' });
  const before = await first.ready();
  const token = await logIn(before.api);
  const { reply } = await send(before.api, token, 'You will be interrupted.');
  await until(async () => (await attempts(before.database, reply.id))[0]?.status === 'streaming');
  const postgres = first.postgresPid();
  await first.end('SIGKILL');
  await until(() => isGone(postgres) && build.processes().length === 0);

  const second = build.run('data', QUICK);
  const after = await second.ready();
  const answer = await waitFor(after.api, token, reply.id);
  expect(answer).toMatchObject({ status: 'completed', content: expect.stringContaining('You wrote: “You will be interrupted.”') });
  expect(await attempts(after.database, reply.id)).toEqual([{ status: 'completed', attempt: 2 }]);
  expect(await second.end('SIGINT')).toBe(0);
});

it('stops within its drain time while a reply is in work, which the next start finishes', async () => {
  const first = build.run('data', { ...QUICK, GEMINI_SIMULATOR_CHUNK_MS: '5000', DRAIN_SECONDS: '1' });
  const before = await first.ready();
  const token = await logIn(before.api);
  const { reply } = await send(before.api, token, 'This takes long.');
  await until(async () => (await attempts(before.database, reply.id))[0]?.status === 'streaming');
  const signalled = performance.now();
  expect(await first.end('SIGINT')).toBe(0);
  // API and worker have a second each; the reply would take minutes.
  expect(performance.now() - signalled).toBeLessThan(30_000);
  expect(build.processes()).toEqual([]);

  const second = build.run('data', QUICK);
  const after = await second.ready();
  expect((await waitFor(after.api, token, reply.id)).status).toBe('completed');

  // The database dies of itself: there is nothing to go on with.
  const postgres = second.postgresPid();
  process.kill(postgres, 'SIGKILL');
  expect(await second.exited).toBe(1);
  expect(second.output).toContain('PostgreSQL ended by itself (SIGKILL). Its last words:\n');
  await until(() => build.processes().length === 0);
});

it('ends at once on a second signal, and leaves no process behind', async () => {
  const local = build.run('data', { ...QUICK, GEMINI_SIMULATOR_CHUNK_MS: '5000', DRAIN_SECONDS: '60' });
  const { api, database } = await local.ready();
  const { reply } = await send(api, await logIn(api), 'This takes too long.');
  await until(async () => (await attempts(database, reply.id))[0]?.status === 'streaming');
  const postgres = local.postgresPid();
  local.child.kill('SIGINT');
  await until(() => local.output.includes('Stopping'));
  // What comes within half a second counts as the same signal.
  await until(() => {
    local.child.kill('SIGINT');
    return local.child.exitCode !== null;
  });
  expect(local.child.exitCode).toBe(1);
  await until(() => isGone(postgres) && build.processes().length === 0);
});

it('refuses to start with one message that names every wrong setting', async () => {
  const local = build.run('never made', {
    PORT: 'http',
    DRAIN_SECONDS: '-1',
    JWT_SECRET: 'short',
    DATABASE_URL: 'mysql://x',
    REDIS_URL: 'ignored',
  });
  expect(await local.exited).toBe(1);
  expect(local.output).toBe(
    `The settings are not right:
  PORT: a whole number
  DRAIN_SECONDS: a whole number
  DATABASE_URL: a URL that starts with postgres:// or postgresql://
  JWT_SECRET: at least 32 characters
See .env.example for every setting.
`,
  );
});

it('says that the port of the simulator is taken', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  const local = build.run('never made', { GEMINI_SIMULATOR_PORT: String(port) });
  expect(await local.exited).toBe(1);
  expect(local.output).toContain(`Port ${port} is taken by another process. Stop that one, or set GEMINI_SIMULATOR_PORT to another port`);
  holder.close();
});

async function logIn(api: string): Promise<string> {
  const { username: identifier, password } = ACCOUNT;
  const { body } = await new ApiClient(api).post<{ access_token: string }>('/auth/login', { body: { identifier, password } });
  return body.access_token;
}

async function send(api: string, token: string, content: string): Promise<{ reply: ReplyBody }> {
  const { status, body } = await new ApiClient(api).post<{ reply: ReplyBody }>(`/chatroom/${room}/message`, { token, body: { content } });
  expect(status).toBe(202);
  return body;
}

async function waitFor(api: string, token: string, reply: string): Promise<ReplyBody> {
  return (await new ApiClient(api).get<ReplyBody>(`/chatroom/${room}/message/${reply}?wait=30`, { token })).body;
}

async function converse(api: string, token: string, content: string): Promise<ReplyBody> {
  const { reply } = await send(api, token, content);
  return waitFor(api, token, reply.id);
}

/** Every reply to the message that this one answers. */
async function attempts(database: string, reply: string): Promise<{ status: string; attempt: number }[]> {
  const client = new Client({ connectionString: database });
  await client.connect();
  try {
    const { rows } = await client.query<{ status: string; attempt: number }>(
      'SELECT status, attempt FROM messages WHERE parent_id = (SELECT parent_id FROM messages WHERE id = $1)',
      [reply],
    );
    return rows;
  } finally {
    await client.end();
  }
}

const lastLine = (output: string): string => output.trimEnd().split('\n').at(-1) ?? '';
