import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DataSource } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import { entities } from '../../src/apps/cli/entities.js';
import { migrate } from '../../src/database/migrate.js';
import { dataSourceOptions, openPool } from '../../src/database/pool.js';
import { readCatalog } from '../support/catalog.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

/** The migrations' own, which no entity can describe: views, triggers and their functions, trigram indexes. */
const UNDESCRIBED =
  /^user_plans[. ]|^CREATE TRIGGER |^CREATE OR REPLACE FUNCTION |^EXTENSION pg_trgm$|^CREATE INDEX \w+ ON \S+ USING gin \(.* gin_trgm_ops/;

const databases: TestDatabase[] = [];

afterAll(async () => {
  await Promise.all(databases.map((database) => database.drop()));
});

async function emptyDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase(null);
  databases.push(database);
  return database;
}

/** Runs `work` on a connection that knows the first `count` migrations. */
async function connected<T>({ url }: TestDatabase, count: number, work: (dataSource: DataSource) => Promise<T>): Promise<T> {
  const dataSource = await new DataSource({
    ...dataSourceOptions(openPool({ url, poolSize: 2, applicationName: 'test migrations' })),
    entities: [...entities],
    migrations: migrations.slice(0, count),
  }).initialize();
  try {
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

const up = (database: TestDatabase, count: number) =>
  connected(database, count, async (dataSource) => {
    await dataSource.runMigrations({ transaction: 'each' });
    return readCatalog(dataSource);
  });

const down = (database: TestDatabase, count: number) =>
  connected(database, count, async (dataSource) => {
    await dataSource.undoLastMigration({ transaction: 'each' });
    return readCatalog(dataSource);
  });

const sourceFiles = (folder: string) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

describe('The lists', () => {
  it('hold every migration, in the order of their names', () => {
    const files = sourceFiles('migrations').filter((file) => file !== 'index.ts');
    const classNameOf = (file: string) => {
      const [, timestamp = '', words = ''] = /^(\d{13})-([a-z0-9-]+)\.ts$/.exec(file) ?? [];
      return words.replace(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase()) + timestamp;
    };
    expect(migrations.map((migration) => migration.name)).toEqual(files.sort().map(classNameOf));
    expect(migrations.map((Migration) => new Migration().name)).toEqual(migrations.map(({ name }) => name));
  });

  it('hold every entity', () => {
    const classNameOf = (file: string) =>
      `${basename(file, '.entity.ts').replace(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase())}Entity`;
    const files = sourceFiles('src').filter((file) => file.endsWith('.entity.ts'));
    expect(entities.map(({ name }): string => name).sort()).toEqual(files.map(classNameOf).sort());
  });
});

describe('Migrations', () => {
  it('read no row of a large table while nobody can use it', () => {
    // Those of 0.1.0 ran on empty tables.
    const later = sourceFiles('migrations').filter((file) => file > '17959');
    const changes = later.flatMap((file) => readFileSync(join('migrations', file), 'utf8').match(/`[^`]*`/g) ?? []);
    const ofLarge = changes.filter((change) => /ALTER TABLE (?:messages|chatrooms|users|usage_days)\b/.test(change));
    const constraints = ofLarge.flatMap((change) => change.match(/ADD CONSTRAINT[^]*?(?=,\s+ADD |`)/g) ?? []);
    expect(constraints.length).toBeGreaterThan(0);
    expect(constraints.filter((constraint) => !constraint.endsWith('NOT VALID'))).toEqual([]);
  });

  it('make the very tables, columns, constraints and indexes that the entities describe', async () => {
    const migrated = await up(await emptyDatabase(), migrations.length);
    const described = await connected(await emptyDatabase(), 0, async (dataSource) => {
      await dataSource.synchronize();
      return readCatalog(dataSource);
    });
    // TypeORM quotes the default of a bigint, which comes to the same.
    const unquoted = described.map((line) => line.replace(/ DEFAULT '(\d+)'::bigint$/, ' DEFAULT $1'));
    // It knows no storage parameters either.
    const plain = migrated.map((line) => line.replace(/ WITH \([^)]+\)(?= WHERE |$)/, ''));
    expect(plain.filter((line) => !UNDESCRIBED.test(line))).toEqual(unquoted);
  });

  it('are run by one of two processes that start at once, and awaited by the other', async () => {
    const { url } = await emptyDatabase();
    const ran = await Promise.all([migrate(url), migrate(url)]);
    expect(ran.map(({ length }) => length).sort((one, other) => one - other)).toEqual([0, migrations.length]);
  });

  it('leave TypeORM nothing to generate', async () => {
    const database = await emptyDatabase();
    await up(database, migrations.length);
    const { upQueries, downQueries } = await connected(database, migrations.length, (dataSource) =>
      dataSource.driver.createSchemaBuilder().log(),
    );
    expect([...upQueries, ...downQueries].map(({ query }) => query)).toEqual([]);
  });

  it('are undone one by one without a trace, and done again with the same result', async () => {
    const database = await emptyDatabase();
    const states = [await up(database, 0)];
    for (const count of migrations.keys()) states.push(await up(database, count + 1));
    for (const count of [...states.keys()].slice(1).reverse()) {
      expect(await down(database, count)).toEqual(states[count - 1]);
      expect(await up(database, count)).toEqual(states[count]);
      await down(database, count);
    }
    // Each migration is three connections and a look at the whole catalogue.
  });
});
