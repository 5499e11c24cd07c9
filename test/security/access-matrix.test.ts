import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { RouteOptions } from 'fastify';
import { Pool } from 'pg';
import { ApiModule } from '../../src/apps/api/api.module.js';
import { configureApi } from '../../src/apps/api/configure-api.js';
import { createHttpAdapter } from '../../src/apps/api/http-server.js';
import { listRoutes, type Route } from '../../src/apps/cli/route-table.js';
import { newId } from '../../src/common/ids.js';
import { AccessTokensService } from '../../src/modules/auth/index.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { PNG, upload } from '../support/files.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

/** Who calls. The resources in the paths are the user's. */
const CALLERS = [
  'anonymous',
  'wrong token',
  'user',
  'another user',
  'admin',
  'disabled',
  'disabled admin',
  'ended session',
  'ended admin session',
] as const;
type Caller = (typeof CALLERS)[number];

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'];

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
}

const agent = new Agent({ keepAlive: true });

let database: TestDatabase;
let api: TestApi;
let sql: Pool;
let routes: Route[];
let accounts: Record<'user' | 'another user' | 'admin' | 'disabled' | 'disabled admin', string>;
let ids: Record<string, string>;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi({ DATABASE_URL: database.url, THROTTLE_ENABLED: 'false', ADMIN_READS_CONTENT: 'true' });
  sql = new Pool({ connectionString: database.url, max: 4 });
  routes = listRoutes(api.app);
  const [user, another, admin, disabled, disabledAdmin] = await Promise.all(Array.from({ length: 5 }, () => api.signUp()));
  if (!user || !another || !admin || !disabled || !disabledAdmin) throw new Error('five accounts were asked for');
  accounts = {
    user: user.id,
    'another user': another.id,
    admin: admin.id,
    disabled: disabled.id,
    'disabled admin': disabledAdmin.id,
  };
  await sql.query(`UPDATE users SET role = 'admin' WHERE id = ANY ($1)`, [[admin.id, disabledAdmin.id]]);
  await sql.query(`UPDATE users SET disabled_at = now() WHERE id = ANY ($1)`, [[disabled.id, disabledAdmin.id]]);
  await sql.query(`UPDATE users SET verified_at = now()`);
  const { body: room } = await api.post<{ id: string }>('/chatroom', { token: user.accessToken, body: {} });
  const { body } = await api.post<{ message: { id: string }; reply: { id: string } }>(`/chatroom/${room.id}/message`, {
    token: user.accessToken,
    body: { content: 'Hello' },
  });
  const { body: attachment } = await upload(api, user.accessToken, PNG);
  ids = {
    attachment_id: attachment.id,
    chatroom_id: room.id,
    message_id: body.message.id,
    user_id: user.id,
    session_id: await newSession(user.id),
  };
});
afterAll(async () => {
  agent.destroy();
  await sql.end();
  await api.close();
  await database.drop();
});

async function newSession(userId: string, isEnded = false): Promise<string> {
  const id = newId();
  await sql.query(
    `INSERT INTO sessions (id, user_id, refresh_key, refresh_token_hash, expires_at, ended_at)
     VALUES ($1, $2, $3, $3, now() + interval '1 hour', CASE WHEN $4 THEN now() END)`,
    [id, userId, randomBytes(32), isEnded],
  );
  return id;
}

const tokens = new Map<Caller, Promise<string | null>>();

/** One token for all calls that are refused, and so end no session. */
function tokenOf(caller: Caller): Promise<string | null> {
  const token = tokens.get(caller) ?? newToken(caller);
  tokens.set(caller, token);
  return token;
}

async function newToken(caller: Caller): Promise<string | null> {
  if (caller === 'anonymous') return null;
  if (caller === 'wrong token') return 'x.y.z';
  const isEnded = caller.startsWith('ended');
  const userId = caller === 'ended session' ? accounts.user : caller === 'ended admin session' ? accounts.admin : accounts[caller];
  return api.app.get(AccessTokensService, { strict: false }).sign({ userId, sessionId: await newSession(userId, isEnded) });
}

/** The path as it is, which fetch would tidy up. What goes on answering is cut after its status. */
async function call(method: string, path: string, caller: Caller, given = tokenOf(caller)): Promise<Answer> {
  const token = await given;
  const hasBody = !['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(method);
  const { hostname, port } = new URL(api.origin);
  return new Promise((resolve, reject) => {
    const sent = request({
      hostname,
      port,
      method,
      path,
      agent,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(hasBody ? { 'content-type': 'application/json', 'content-length': '2' } : {}),
      },
    });
    sent.on('error', reject).on('response', (response) => {
      const status = response.statusCode ?? 0;
      if (status < 400 || method === 'HEAD') {
        resolve({ status, code: undefined });
        sent.destroy();
        return;
      }
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        resolve({ status, code: (JSON.parse(text) as { code?: string }).code });
      });
    });
    sent.end(hasBody ? '{}' : undefined);
  });
}

const filled = (path: string): string => path.replace(/:(\w+)/g, (_, name: string) => ids[name] ?? newId());

/** What the table of routes says of this caller, as the refusal that he gets; null for one who may. */
function refusalOf({ caller: demanded }: Route, caller: Caller): Answer | null {
  if (demanded === 'everybody') return null;
  if (caller === 'anonymous' || caller === 'wrong token') return { status: 401, code: 'invalid_token' };
  if (caller.startsWith('disabled')) return { status: 401, code: 'account_disabled' };
  if (caller.startsWith('ended')) return { status: 401, code: 'session_ended' };
  if (demanded === 'administrator' && caller !== 'admin') return { status: 403, code: 'forbidden' };
  return null;
}

const REFUSALS = new Set(['invalid_token', 'token_expired', 'session_ended', 'account_disabled', 'forbidden', 'mobile_number_unverified']);

/** Runs the calls, some at a time, and keeps what is not as expected. */
async function wrong<T>(cases: readonly T[], judge: (given: T) => Promise<unknown>, atATime = 8): Promise<unknown[]> {
  const found: unknown[] = [];
  const waiting = [...cases];
  const lane = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const complaint = await judge(next);
      if (complaint !== null) found.push(complaint);
    }
  };
  await Promise.all(Array.from({ length: atATime }, lane));
  return found;
}

const combine = <A, B>(left: readonly A[], right: readonly B[]): [A, B][] => left.flatMap((a) => right.map((b): [A, B] => [a, b]));

test('the document and the table of routes know the same routes, and which of them are open', () => {
  const { paths } = JSON.parse(readFileSync('openapi.json', 'utf8')) as { paths: Record<string, Record<string, { security: object[] }>> };
  const documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => `${method.toUpperCase()} ${path} ${security.length === 0 ? 'open' : 'closed'}`),
  );
  const listed = routes.map(({ method, path, caller }) => {
    const access = caller === 'everybody' ? 'open' : 'closed';
    return `${method} ${path.replace(/:(\w+)/g, '{$1}')} ${access}`;
  });
  expect(documented.filter((route) => !listed.includes(route))).toEqual([]);
  // Pages for people are not documented, and ask for nothing.
  const undocumented = listed.filter((route) => !documented.includes(route));
  expect(undocumented.filter((route) => !route.startsWith('GET ') || route.endsWith(' closed'))).toEqual([]);
});

test('no route is served that the table of routes does not list, except the documentation', async () => {
  const served: string[] = [];
  const adapter = createHttpAdapter(api.config);
  adapter.getInstance().addHook('onRoute', ({ method, url }: RouteOptions) => {
    served.push(...[method].flat().map((word) => `${word} ${url}`));
  });
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule.forRoot(api.config), adapter, {
    logger: false,
    bodyParser: false,
  });
  configureApi(app);
  await app.init();
  await app.close();
  const documentation = /^(?:GET|HEAD) \/(?:docs(?:\/.*)?|openapi\.json)$/;
  const listed = routes.map(({ method, path }) => `${method} ${path}`);
  expect(served.filter((route) => !route.startsWith('HEAD ') && !documentation.test(route)).sort()).toEqual(listed.sort());
});

test('every route refuses every caller that the table does not let in', async () => {
  const refused = combine(routes, CALLERS).filter(([route, caller]) => refusalOf(route, caller) !== null);
  expect(refused.length).toBeGreaterThan(200);
  const found = await wrong(refused, async ([route, caller]) => {
    const answer = await call(route.method, filled(route.path), caller);
    const expected = refusalOf(route, caller);
    return answer.status === expected?.status && answer.code === expected.code ? null : { ...route, caller, answer };
  });
  expect(found).toEqual([]);
});

test('what belongs to one user is not there for another, nor for an administrator outside of the administration', async () => {
  const owned = routes.filter(({ path, caller }) => path.includes(':') && (caller === 'signed in' || caller === 'verified number'));
  expect(owned.length).toBeGreaterThan(10);
  const found = await wrong(combine(owned, ['another user', 'admin'] as const), async ([route, caller]) => {
    const answer = await call(route.method, filled(route.path), caller);
    // A body that is not valid is refused before anything is looked for.
    return answer.code === 'not_found' || answer.code === 'validation_failed' ? null : { ...route, caller, answer };
  });
  expect(found).toEqual([]);
});

test('no other spelling of a path leads past the guard', async () => {
  const spellings: readonly ((path: string) => string)[] = [
    (path) => path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
    (path) => path.replaceAll('/', '%2f').replace('%2f', '/'),
    (path) => path.replaceAll('/', '//'),
    (path) => `/.${path}`,
    (path) => `/x/..${path}`,
    (path) => path.toUpperCase(),
    (path) => `${path}/`,
    (path) => `${path};x=1`,
    (path) => `${path}%00`,
    (path) => `${path}?token=x&access_token=y`,
  ];
  const closed = routes.filter(({ caller }) => caller !== 'everybody');
  const refused = combine(combine(closed, spellings), ['anonymous', 'another user'] as const).filter(
    ([[route], caller]) => refusalOf(route, caller) !== null,
  );
  const found = await wrong(refused, async ([[route, spell], caller]) => {
    const path = spell(filled(route.path));
    const answer = await call(route.method, path, caller);
    const expected = refusalOf(route, caller);
    const isRefused = answer.status === expected?.status && answer.code === expected.code;
    return isRefused || (answer.code === 'not_found' && answer.status === 404) || answer.code === 'bad_request'
      ? null
      : { ...route, path, caller, answer };
  });
  expect(found).toEqual([]);
});

test('a method that a path does not have is not found, whoever asks', async () => {
  const paths = [...new Set(routes.map(({ path }) => path))];
  const known = new Set(routes.map(({ method, path }) => `${method} ${path}`));
  const unknown = combine(paths, METHODS).filter(
    ([path, method]) =>
      // HEAD goes with GET; a parameter of a sibling takes the place of a word.
      method !== 'HEAD' && !routes.some((route) => route.method === method && matches(route.path, path)) && !known.has(`${method} ${path}`),
  );
  const found = await wrong(combine(unknown, ['anonymous', 'admin'] as const), async ([[path, method], caller]) => {
    const answer = await call(method, filled(path), caller);
    return answer.status === 404 ? null : { method, path, caller, answer };
  });
  expect(found).toEqual([]);
});

const matches = (pattern: string, path: string): boolean => new RegExp(`^${pattern.replace(/:\w+/g, '[^/]+')}$`).test(path);

test('HEAD asks for no less than GET', async () => {
  const gets = routes.filter(({ method, caller }) => method === 'GET' && caller !== 'everybody');
  const refused = combine(gets, CALLERS).filter(([route, caller]) => refusalOf(route, caller) !== null);
  const found = await wrong(refused, async ([route, caller]) => {
    const { status } = await call('HEAD', filled(route.path), caller);
    return status === refusalOf(route, caller)?.status || status === 404 ? null : { ...route, caller, status };
  });
  expect(found).toEqual([]);
});

// Last and one after the other, as some of the calls delete, or end, what others ask for.
test('every route lets in whom the table lets in', async () => {
  const allowed = combine(routes, CALLERS).filter(
    ([route, caller]) => refusalOf(route, caller) === null && (route.caller !== 'everybody' || caller === 'anonymous'),
  );
  const judge = async ([route, caller]: [Route, Caller]) => {
    // A session of its own, as some of the calls end it.
    const answer = await call(route.method, filled(route.path), caller, newToken(caller));
    const isRefused = route.caller !== 'everybody' && REFUSALS.has(answer.code ?? '');
    return isRefused || answer.status === 500 ? { ...route, caller, answer } : null;
  };
  expect(await wrong(allowed, judge, 1)).toEqual([]);
});
