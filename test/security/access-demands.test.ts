import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Client } from 'pg';
import { ApiModule } from '../../src/apps/api/api.module.js';
import { configureApi } from '../../src/apps/api/configure-api.js';
import { createHttpAdapter } from '../../src/apps/api/http-server.js';
import { AdminOnly, Public, VerifiedNumberOnly } from '../../src/common/http/current-actor.decorator.js';
import { ApiClient, startTestApi, type TestApi, testConfig } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

@AdminOnly()
@Controller('probe')
class ProbeController {
  @Get('inherited')
  inherited(): object {
    return { reached: true };
  }

  @Get('verified')
  @VerifiedNumberOnly()
  verified(): object {
    return { reached: true };
  }

  @Get('public')
  @Public()
  open(): object {
    return { reached: true };
  }
}

@Module({ controllers: [ProbeController] })
class ProbeModule {}

let database: TestDatabase;
let api: TestApi;
let app: NestFastifyApplication;
let probe: ApiClient;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = { DATABASE_URL: database.url, REQUIRE_VERIFIED_NUMBER: 'true' };
  api = await startTestApi(settings);
  const module = { module: ProbeModule, imports: [ApiModule.forRoot(testConfig(settings))] };
  app = await NestFactory.create<NestFastifyApplication>(module, createHttpAdapter(testConfig(settings)), {
    logger: false,
    bodyParser: false,
  });
  configureApi(app);
  await app.listen(0, '127.0.0.1');
  probe = new ApiClient(await app.getUrl());
});

afterAll(async () => {
  await Promise.all([app.close(), api.close()]);
  await database.drop();
});

async function change(sql: string, id: string): Promise<void> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query(sql, [id]);
  await client.end();
}

it('opens what a controller closes to all but administrators to these alone, from their next request on', async () => {
  const { id, accessToken: token } = await api.signUp();
  expect(await probe.get('/probe/inherited', { token })).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  await change(`UPDATE users SET role = 'admin' WHERE id = $1`, id);
  expect(await probe.get('/probe/inherited', { token })).toMatchObject({ status: 200, body: { reached: true } });
});

it('lets only users with a verified number through where the route demands it', async () => {
  const { id, accessToken: token } = await api.signUp();
  expect(await probe.get('/probe/verified', { token })).toMatchObject({ status: 403, body: { code: 'mobile_number_unverified' } });
  await change(`UPDATE users SET verified_at = now() WHERE id = $1`, id);
  expect(await probe.get('/probe/verified', { token })).toMatchObject({ status: 200, body: { reached: true } });
});

it('opens a public route of a closed controller to everybody, whatever token they send', async () => {
  expect(await probe.get('/probe/public')).toMatchObject({ status: 200, body: { reached: true } });
  expect(await probe.get('/probe/public', { token: 'x.y.z' })).toMatchObject({ status: 200, body: { reached: true } });
});
