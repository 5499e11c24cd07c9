import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ServiceUnavailableError } from '../../../src/common/errors/common.errors.js';
import { newId } from '../../../src/common/ids.js';
import { InjectConfig } from '../../../src/config/config.module.js';
import type { Config } from '../../../src/config/env.js';
import { ObjectMissingError, ObjectStore, ObjectStoreModule } from '../../../src/integrations/object-store/index.js';
import { S3Store } from '../../../src/integrations/object-store/s3-store.js';
import { holdTransaction } from '../../support/held-transaction.js';
import { startModule } from '../../support/module.js';
import { type S3Server, startS3Server } from '../../support/s3-server.js';

const MIB = 1024 * 1024;

async function* chunksOf(bytes: Buffer, size = 70_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

describe.each(['database', 's3'] as const)('the store %s', (kind) => {
  let s3: S3Server | null = null;
  let store: ObjectStore;
  let close: () => Promise<void>;

  beforeAll(async () => {
    s3 = kind === 's3' ? await startS3Server() : null;
    const started = await startModule([ObjectStoreModule], s3?.settings ?? {});
    store = started.module.get(ObjectStore, { strict: false });
    close = started.close;
  });
  afterAll(async () => {
    await close();
    await s3?.stop();
  });

  const stored = async (bytes: Buffer): Promise<string> => {
    const id = newId();
    await store.put(id, chunksOf(bytes));
    return id;
  };

  test.each([1, 1_000, 262_144, 262_145, 5 * MIB, 12 * MIB + 17])('gives %i bytes back', async (size) => {
    const bytes = randomBytes(size);
    const id = await stored(bytes);
    expect((await collect(await store.read(id, { first: 0, last: size - 1 }))).equals(bytes)).toBe(true);
  });

  test('gives ranges back', async () => {
    const bytes = randomBytes(6 * MIB);
    const id = await stored(bytes);
    // Not 0 to 0, which the S3 server of the tests takes for the whole object.
    for (const [first, last] of [
      [0, 1],
      [262_143, 262_144],
      [262_144, 524_287],
      [1_000_000, 5_600_000],
      [6 * MIB - 1, 6 * MIB - 1],
    ] as const) {
      expect((await collect(await store.read(id, { first, last }))).equals(bytes.subarray(first, last + 1))).toBe(true);
    }
  });

  test('knows no object that was not stored, was deleted, or failed on its way', async () => {
    await expect(store.read(newId(), { first: 0, last: 0 })).rejects.toBeInstanceOf(ObjectMissingError);
    const id = await stored(randomBytes(300_000));
    expect(await store.delete([id, newId()])).toContain(id);
    await expect(store.read(id, { first: 0, last: 0 })).rejects.toBeInstanceOf(ObjectMissingError);
    expect(await store.list(null, 100)).not.toContain(id);
    for (const size of [100_000, 11 * MIB]) {
      const failed = newId();
      async function* broken() {
        yield* chunksOf(randomBytes(size));
        throw new Error('The client left');
      }
      await expect(store.put(failed, broken())).rejects.toThrow('The client left');
      await store.delete([failed]);
      await expect(store.read(failed, { first: 0, last: 0 })).rejects.toBeInstanceOf(ObjectMissingError);
    }
  });

  test('lists ids in their order, page by page', async () => {
    await store.delete(await store.list(null, 1_000));
    const ids: string[] = [];
    for (let i = 0; i < 5; i += 1) ids.push(await stored(randomBytes(10)));
    ids.sort();
    expect(await store.list(null, 2)).toEqual(ids.slice(0, 2));
    expect(await store.list(ids[1] ?? null, 2)).toEqual(ids.slice(2, 4));
    expect(await store.list(ids[3] ?? null, 2)).toEqual(ids.slice(4));
    expect(await store.list(ids[4] ?? null, 2)).toEqual([]);
  });
});

test('the store database deletes each object by itself, so that a slow one keeps no other', async () => {
  const { module, close } = await startModule([ObjectStoreModule]);
  const store = module.get(ObjectStore, { strict: false });
  const [first, held, last] = [newId(), newId(), newId()];
  for (const id of [first, held, last]) await store.put(id, chunksOf(randomBytes(10)));
  const holder = await holdTransaction(module.get<Config>(InjectConfig.TOKEN).DATABASE_URL ?? '');
  await holder.run(`SELECT FROM object_pieces WHERE object_id = $1 FOR UPDATE`, [held]);
  const deletion = store.delete([first, held, last]);
  await holder.untilWaitedFor();
  expect(await store.list(null, 10)).toEqual([held, last]);
  await holder.commit();
  expect(await deletion).toEqual([first, held, last]);
  expect(await store.list(null, 10)).toEqual([]);
  await holder.close();
  await close();
});

describe('an S3 store', () => {
  /** One that answers every request so. */
  let server: Server;
  let status = 507;
  const stores: { close: () => Promise<void> }[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(status, { 'content-type': 'application/xml' });
        response.end('<Error><Code>Refused</Code><Message>Refused</Message></Error>');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    await Promise.all(stores.splice(0).map(({ close }) => close()));
  });
  afterAll(() => {
    server.close();
  });

  const storeAt = async (endpoint: string): Promise<ObjectStore> => {
    const keys = { S3_BUCKET: 'files', S3_ACCESS_KEY_ID: 'x', S3_SECRET_ACCESS_KEY: 'x' };
    const started = await startModule([ObjectStoreModule], { ATTACHMENT_STORE: 's3', S3_ENDPOINT: endpoint, ...keys });
    stores.push(started);
    return started.module.get(ObjectStore, { strict: false });
  };
  const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const expectUnavailable = async (store: ObjectStore) => {
    for (const size of [10, 6 * MIB])
      await expect(store.put(newId(), chunksOf(randomBytes(size)))).rejects.toBeInstanceOf(ServiceUnavailableError);
    await expect(store.read(newId(), { first: 0, last: 0 })).rejects.toBeInstanceOf(ServiceUnavailableError);
    await expect(store.delete([newId()])).rejects.toBeInstanceOf(ServiceUnavailableError);
  };

  test('that is away is unavailable', async () => {
    await expectUnavailable(await storeAt('http://127.0.0.1:9'));
  });

  test.each([507, 500, 403])('that answers %i is unavailable', async (answer) => {
    status = answer;
    await expectUnavailable(await storeAt(address()));
  });

  test('that ends its pages early, and has objects of others, is listed to the end', async () => {
    const ids = [newId(), newId(), newId()].sort();
    const keys = [ids[0], ids[1], `${ids[1]}-of-others`, `${ids[1]}.txt`, ids[2]].map((name) => `attachments/${name}`);
    const short = createServer((request, response) => {
      const after = new URL(request.url ?? '', 'http://x').searchParams.get('start-after') ?? '';
      const [key, ...rest] = keys.filter((each) => each > after);
      const contents = key === undefined ? '' : `<Contents><Key>${key}</Key></Contents>`;
      response.end(`<ListBucketResult><IsTruncated>${rest.length > 0}</IsTruncated>${contents}</ListBucketResult>`);
    }).listen(0, '127.0.0.1');
    await once(short, 'listening');
    const store = await storeAt(`http://127.0.0.1:${(short.address() as AddressInfo).port}`);
    expect(await store.list(null, 2)).toEqual(ids.slice(0, 2));
    expect(await store.list(null, 10)).toEqual(ids);
    expect(await store.list(ids[1] ?? '', 2)).toEqual(ids.slice(2));
    short.close();
  });

  test.each([
    ['answers nothing', (): void => undefined],
    ['stops in the middle of an object', (response: ServerResponse) => response.writeHead(206, { 'content-length': 10 }).write('half')],
  ])('that %s is unavailable', async (_what, answer) => {
    const silent = createServer((_request, response) => void answer(response)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const settings = { endpoint, region: 'x', bucket: 'files', accessKeyId: 'x', secretAccessKey: 'x' };
    const [impatient, patient] = [new S3Store({ ...settings, timeoutMs: 100 }), new S3Store(settings)];
    const readAll = async (store: S3Store, signal?: AbortSignal) => collect(await store.read(newId(), { first: 0, last: 9 }, signal));
    await expect(readAll(impatient)).rejects.toBeInstanceOf(ServiceUnavailableError);
    // A reader that does not wait as long.
    const reading = new AbortController();
    const read = readAll(patient, reading.signal);
    await once(silent, 'request');
    reading.abort(new Error('The reply was cancelled'));
    await expect(read).rejects.toThrow('The reply was cancelled');
    for (const store of [impatient, patient]) store.close();
    silent.closeAllConnections();
    silent.close();
  });

  test('is unavailable to a process whose own disk takes nothing', async () => {
    const { TMPDIR } = process.env;
    process.env['TMPDIR'] = '/dev/null';
    try {
      await expect((await storeAt(address())).put(newId(), chunksOf(randomBytes(10)))).rejects.toBeInstanceOf(ServiceUnavailableError);
    } finally {
      if (TMPDIR === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = TMPDIR;
    }
  });
});
