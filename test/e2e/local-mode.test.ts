import { statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client } from 'pg';
import { ApiClient, newMobileNumber } from '../support/api.js';
import { type Endpoints, isGone, LocalBuild, until } from '../support/local-process.js';

jest.setTimeout(240_000);

/** Settings with which no test waits for what is meant for people. */
const QUICK = { GEMINI_SIMULATOR_LATENCY_MS: '0', GEMINI_SIMULATOR_CHUNK_MS: '0', BASIC_DAILY_LIMIT: '100', REPLY_LEASE: '2s' } as const;
/** How long a process of the test may drain: not as long as it takes a reply that is held. */
const SHORT = { ...QUICK, DRAIN_SECONDS: '1' };
const ACCOUNT = { username: 'ada', password: 'correct horse battery' };

interface ReplyBody {
  readonly id: string;
  readonly status: string;
  readonly content: string;
}

let build: LocalBuild;
let room: string;
/**
 * The one that works on the data now, started by one test and ended by another: each start and each end is some test's
 * subject.
 */
let local: ReturnType<LocalBuild['run']>;
let endpoints: Endpoints;

async function startAgain(settings: Parameters<LocalBuild['run']>[1]): Promise<void> {
  local = build.run('data', settings);
  endpoints = await local.ready();
}

beforeAll(() => {
  build = new LocalBuild();
});

afterAll(() => build.remove());

it('on its first start makes its secrets and an administrator, tells the password this once, and holds a conversation', async () => {
  await startAgain(QUICK);
  const { api, gemini } = endpoints;

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
  beforeAll(() => startAgain(QUICK));

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
  const token = await logIn(endpoints.api);
  const reply = await sendAndHold(token, 'You will be interrupted.');
  const postgres = local.postgresPid();
  await local.end('SIGKILL');
  await until(() => isGone(postgres) && build.processes().length === 0);

  await startAgain(SHORT);
  const answer = await waitFor(endpoints.api, token, reply);
  expect(answer).toMatchObject({ status: 'completed', content: expect.stringContaining('You wrote: “You will be interrupted.”') });
  expect(await attempts(endpoints.database, reply)).toEqual([{ status: 'completed', attempt: 2 }]);
});

it('stops within its drain time while a reply is in work, which the next start finishes', async () => {
  const token = await logIn(endpoints.api);
  const reply = await sendAndHold(token, 'This takes long.');
  const signalled = performance.now();
  expect(await local.end('SIGTERM')).toBe(0);
  // API and worker have a second each; the reply would never end.
  expect(performance.now() - signalled).toBeLessThan(30_000);
  expect(build.processes()).toEqual([]);

  await startAgain({ ...QUICK, DRAIN_SECONDS: '60' });
  expect((await waitFor(endpoints.api, token, reply)).status).toBe('completed');
});

it('ends at once on a second signal, and leaves no process behind', async () => {
  await sendAndHold(await logIn(endpoints.api), 'This takes too long.');
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

it('ends when its database ends by itself: there is nothing to go on with', async () => {
  await startAgain(QUICK);
  process.kill(local.postgresPid(), 'SIGKILL');
  expect(await local.exited).toBe(1);
  expect(local.output).toContain('PostgreSQL ended by itself (SIGKILL). Its last words:\n');
  await until(() => build.processes().length === 0);
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
    `The settings are invalid:
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

/** Sends a message whose reply is begun and not finished by this process. @returns the reply's id */
async function sendAndHold(token: string, content: string): Promise<string> {
  await fetch(`${endpoints.gemini}/_simulator/hold`, { method: 'POST' });
  const { reply } = await send(endpoints.api, token, content);
  await until(async () => (await attempts(endpoints.database, reply.id))[0]?.status === 'streaming');
  return reply.id;
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
