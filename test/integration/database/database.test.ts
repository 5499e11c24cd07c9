import { createHash } from 'node:crypto';
import { getRepositoryToken, TypeOrmModule } from '@nestjs/typeorm';
import { Test } from '@nestjs/testing';
import { Pool } from 'pg';
import { DataSource, type Repository } from 'typeorm';
import { entities } from '../../../src/apps/cli/entities.js';
import { ConfigModule } from '../../../src/config/config.module.js';
import { CounterEntity } from '../../../src/database/counter.entity.js';
import { isDatabaseUnavailable } from '../../../src/database/database.errors.js';
import { Database, type Transaction } from '../../../src/database/database.js';
import { DatabaseModule } from '../../../src/database/database.module.js';
import { columnsOf } from '../../../src/database/entity-columns.js';
import { Schedules } from '../../../src/database/schedules.js';
import { statement } from '../../../src/database/statement.js';
import { testConfig } from '../../support/api.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { until } from '../../support/until.js';

const COUNTER = columnsOf(CounterEntity, ['key', 'count', 'windowEndsAt']);

const read = statement({
  name: 'test_counters_read',
  parameters: { key: 'bytea' },
  columns: { backend: 'int4', ...COUNTER.columns },
  text: `SELECT pg_backend_pid() AS backend, ${COUNTER.sql('c')} FROM counters c WHERE c.key = :key`,
});

const KEY = createHash('sha256').update('test').digest();
const STORED = { key: KEY, count: 1, windowEndsAt: new Date('2030-01-01T00:00:00.001Z') };

let testDatabase: TestDatabase;

beforeEach(async () => {
  testDatabase = await createTestDatabase();
});

afterEach(() => testDatabase.drop());

async function start(url: string) {
  const config = testConfig({ DATABASE_URL: url });
  const module = await Test.createTestingModule({
    imports: [ConfigModule.forRoot(config), DatabaseModule, TypeOrmModule.forFeature([...entities])],
  }).compile();
  return {
    module,
    database: module.get(Database),
    schedules: module.get(Schedules),
    pool: module.get(Pool, { strict: false }),
    counters: module.get<Repository<CounterEntity>>(getRepositoryToken(CounterEntity), { strict: false }),
    init: () => module.init(),
    close: () => module.close(),
  };
}

test('a repository in a transaction shares its connection with named statements, and its end', async () => {
  const { database, counters, close } = await start(testDatabase.url);
  const insert = (transaction: Transaction) => transaction.manager.withRepository(counters).insert({ ...STORED });
  try {
    const undone = database.transaction(async (transaction) => {
      await insert(transaction);
      const [{ backend } = { backend: 0 }] = await transaction.manager.query<{ backend: number }[]>('SELECT pg_backend_pid() AS backend');
      expect(await transaction.run(read, { key: KEY })).toEqual([{ backend, ...STORED }]);
      expect(await database.run(read, { key: KEY })).toEqual([]);
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect(await counters.findOneBy({ key: KEY })).toBeNull();

    await database.transaction(insert);
    expect(await database.run(read, { key: KEY })).toMatchObject([STORED]);
    expect(await counters.findOneBy({ key: KEY })).toEqual(STORED);
  } finally {
    await close();
  }
});

test('TypeORM works on the one pool of the process, and ends it', async () => {
  const { module, pool, close } = await start(testDatabase.url);
  expect(Reflect.get(module.get(DataSource).driver, 'master')).toBe(pool);
  await close();
  expect([pool.ended, pool.totalCount]).toEqual([true, 0]);
});

test('a connection on which a repository waited for a silent server is not used again', async () => {
  const url = new URL(testDatabase.url);
  const proxy = await TcpProxy.open(Number(url.port));
  url.port = String(proxy.port);
  try {
    const { counters, close } = await start(url.href);
    try {
      expect(await counters.count()).toBe(0);
      // The one connection so far is never heard of again.
      proxy.forget();
      const error: unknown = await counters.count().catch((caught: unknown) => caught);
      expect([isDatabaseUnavailable(error), String(error)]).toEqual([true, expect.stringContaining('Query read timeout')]);
      expect(await counters.count()).toBe(0);
    } finally {
      await close();
    }
  } finally {
    await proxy.close();
  }
});

test('a scheduled task runs in one process at a time', async () => {
  const processes = await Promise.all([start(testDatabase.url), start(testDatabase.url)]);
  const runs: number[] = [];
  let active = 0;
  let most = 0;
  for (const [index, { schedules, counters }] of processes.entries()) {
    const work = async () => {
      active += 1;
      most = Math.max(most, active);
      await counters.count();
      runs.push(index);
      active -= 1;
    };
    schedules.add({ lock: 'retention', everyMs: 5, work });
    // A task that fails runs again, and does not disturb the other.
    schedules.add({ lock: 'codeSweep', everyMs: 5, work: () => Promise.reject(new Error('always')) });
  }
  try {
    await Promise.all(processes.map(({ init }) => init()));
    await until('both have had their turn', () => runs.length > 50 && new Set(runs).size === 2);
    expect(most).toBe(1);
  } finally {
    await Promise.all(processes.map(({ close }) => close()));
  }
});

test('a process that ends waits for the run in progress, and begins no other', async () => {
  const { schedules, database, init, close } = await start(testDatabase.url);
  let runs = 0;
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  schedules.add({
    lock: 'retention',
    everyMs: 5,
    work: async () => {
      runs += 1;
      await held;
      // The database is still open.
      await database.run(read, { key: KEY });
    },
  });
  await init();
  await until('it runs', () => runs === 1);
  let closed = false;
  const closing = close().then(() => (closed = true));
  await new Promise(setImmediate);
  expect(closed).toBe(false);
  letGo();
  await closing;
  expect(runs).toBe(1);
});

test('two scheduled tasks cannot have one lock', async () => {
  const { schedules, close } = await start(testDatabase.url);
  const task = { lock: 'retention', everyMs: 1_000, work: () => Promise.resolve() } as const;
  schedules.add(task);
  expect(() => {
    schedules.add(task);
  }).toThrow('two scheduled tasks have the lock retention');
  await close();
});
