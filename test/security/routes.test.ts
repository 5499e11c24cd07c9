import type { RouteOptions } from 'fastify';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiModule } from '../../src/apps/api/api.module.js';
import { configureApi } from '../../src/apps/api/configure-api.js';
import { createHttpAdapter } from '../../src/apps/api/http-server.js';
import { listRoutes, type Route } from '../../src/apps/cli/route-table.js';
import { newId } from '../../src/common/ids.js';
import { startTestApi, type TestApi, testConfig } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

let database: TestDatabase;
let api: TestApi;
let routes: Route[];

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi({ DATABASE_URL: database.url });
  routes = listRoutes(api.app);
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

async function call(route: Route, token?: string): Promise<object> {
  const { status, body } = await api.send<{ code?: string }>(route.method as 'GET', route.path.replace(/:\w+/g, newId()), {
    ...(token === undefined ? {} : { token }),
    ...(route.method === 'GET' ? {} : { body: {} }),
  });
  return { ...route, status, code: body.code };
}

it('serves no route that the table of routes does not list, except the documentation', async () => {
  const served: string[] = [];
  const config = testConfig({ DATABASE_URL: database.url });
  const adapter = createHttpAdapter(config);
  adapter.getInstance().addHook('onRoute', ({ method, url }: RouteOptions) => {
    served.push(...[method].flat().map((word) => `${word} ${url}`));
  });
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule.forRoot(config), adapter, {
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

it('sends security headers that let Swagger UI work over plain HTTP', async () => {
  const { headers } = await api.get('/docs');
  expect(headers.get('content-security-policy')).toMatch(/^default-src 'self';(?!.*upgrade-insecure-requests)/);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
});

it('lets nobody in who may not: no token, a wrong one, a user where an administrator is asked for', async () => {
  const { accessToken } = await api.signUp();
  const closed = routes.filter(({ caller }) => caller !== 'everybody');
  expect(closed.length).toBeGreaterThan(0);
  for (const route of closed) {
    const refused = { ...route, status: 401, code: 'invalid_token' };
    expect(await call(route)).toEqual(refused);
    expect(await call(route, 'x.y.z')).toEqual(refused);
    if (route.caller === 'administrator') expect(await call(route, accessToken)).toEqual({ ...route, status: 403, code: 'forbidden' });
  }
});
