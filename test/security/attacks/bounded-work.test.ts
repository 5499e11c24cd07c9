import { readFileSync, writeFileSync } from 'node:fs';
import { chatroomDocument } from '../../support/chatroom-document.js';
import { type ApiProcess, type Cluster, startCluster } from '../../support/cluster.js';
import { createClusterUsers } from '../../support/cluster-user.js';

const MIB = 1024 * 1024;
const MAX_DELAY_MS = 200;
const MAX_GROWTH = 200 * MIB;
/** Other processes of a busy machine delay an event loop too: it must stay within its bound once. */
const TRIES = 3;

/** What one API process went through. */
interface Figures {
  /** The longest time for which the event loop was blocked. */
  readonly delayMs: number;
  /** Bytes of resident memory, at its peak, over what it was before. */
  readonly growth: number;
}

let cluster: Cluster;
let api: ApiProcess;
let token: string;

beforeAll(async () => {
  cluster = await startCluster({ apis: 1, workers: 0, settings: { PRO_STORAGE_BYTES: String(4_096 * MIB) } });
  const [first] = cluster.apis;
  if (!first) throw new Error('no API');
  api = first;
  const [user] = await createClusterUsers(api.client, cluster.postgres, 1);
  if (!user) throw new Error('no user');
  token = user.token;
}, 120_000);
afterAll(() => cluster.close(), 60_000);

/** As the kernel counts it. */
const memory = (what: 'VmRSS' | 'VmHWM') =>
  Number(new RegExp(`^${what}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${api.process.pid}/status`, 'utf8'))?.[1]) * 1024;

/** The event loop's longest delay since the last time it was asked for. */
async function delay(): Promise<number> {
  const text = await (await fetch(`${api.metricsOrigin}/metrics`)).text();
  return Number(/^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(text)?.[1]) * 1_000;
}

async function measure(name: string, attack: () => Promise<unknown>): Promise<Figures> {
  for (let tries = 1; ; tries += 1) {
    const before = memory('VmRSS');
    // Begins a new peak.
    writeFileSync(`/proc/${api.process.pid}/clear_refs`, '5');
    await delay();
    await attack();
    const figures = { delayMs: await delay(), growth: memory('VmHWM') - before };
    process.stdout.write(`${name}: event loop ${figures.delayMs.toFixed(0)} ms, memory +${(figures.growth / MIB).toFixed(0)} MiB\n`);
    if (tries === TRIES || (figures.delayMs <= MAX_DELAY_MS && figures.growth <= MAX_GROWTH)) return figures;
  }
}

const send = async (path: string, body: string): Promise<number> => {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(`${api.client.origin}${path}`, { method: 'POST', headers, body });
  await response.arrayBuffer();
  return response.status;
};
const atOnce = (count: number, path: string, body: string) => Promise.all(Array.from({ length: count }, () => send(path, body)));

const HAN = Array.from({ length: 100_000 }, (_, i) => String.fromCharCode(0x4e00 + ((i * 7_919) % 20_000))).join('');
const LATIN = Array.from({ length: 12_000 }, (_, i) => `word${i}`)
  .join(' ')
  .slice(0, 100_000);

// Only Linux tells what memory a process had at its peak.
(process.platform === 'linux' ? describe : describe.skip)('One API process bears', () => {
  test('20 imports of 10 MB of brackets', async () => {
    const body = '['.repeat(10_000_000);
    // Two at a time: receiving many bodies at once takes its own time and memory, whatever is done with them.
    const attack = async () => {
      for (let sent = 0; sent < 20; sent += 2) expect(await atOnce(2, '/chatroom/import', body)).toEqual([400, 400]);
    };
    const { delayMs, growth } = await measure('brackets', attack);
    expect(delayMs).toBeLessThanOrEqual(MAX_DELAY_MS);
    expect(growth).toBeLessThanOrEqual(MAX_GROWTH);
  });

  test.each([
    ['nesting', `{"name":${'['.repeat(240_000)}${']'.repeat(240_000)}}`],
    ['a long list', `{"name":[${'0,'.repeat(250_000)}0]}`],
    ['many lists', `{"name":[${'[],'.repeat(160_000)}0]}`],
  ])('%s in a body of 500 kB', async (name, body) => {
    const { delayMs, growth } = await measure(name, () => atOnce(10, '/chatroom', body));
    expect(delayMs).toBeLessThanOrEqual(MAX_DELAY_MS);
    expect(growth).toBeLessThanOrEqual(MAX_GROWTH);
  });

  test.each([
    ['long replies', Array.from({ length: 380 }, (_, i) => (i % 2 === 0 ? 'q' : 'x'.repeat(99_000)))],
    ['many words', Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 'q' : i % 4 === 1 ? LATIN : HAN))],
    ['short messages', Array.from({ length: 20_000 }, () => 'a')],
  ])('an import of %s', async (name, contents) => {
    const body = JSON.stringify(chatroomDocument(contents));
    const { delayMs, growth } = await measure(`import of ${name}, ${(body.length / 1e6).toFixed(0)} MB`, async () => {
      expect(await send('/chatroom/import', body)).toBe(201);
    });
    expect(delayMs).toBeLessThanOrEqual(MAX_DELAY_MS);
    expect(growth).toBeLessThanOrEqual(MAX_GROWTH);
  });

  test('20 reads at once of the largest page', async () => {
    const document = chatroomDocument(Array.from({ length: 100 }, () => 'x'));
    const { body } = await api.client.post<{ id: string }>('/chatroom/import', { token, body: document });
    // As an earlier release let replies be.
    await cluster.postgres.query(`UPDATE messages SET content = repeat('y', 190000) WHERE chatroom_id = $1`, [body.id]);
    const { delayMs, growth } = await measure('reads', () =>
      Promise.all(
        Array.from({ length: 20 }, async () => {
          const path = `${api.client.origin}/chatroom/${body.id}/message?limit=100`;
          const response = await fetch(path, { headers: { authorization: `Bearer ${token}` } });
          expect((await response.arrayBuffer()).byteLength).toBeLessThanOrEqual(MIB);
        }),
      ),
    );
    expect(delayMs).toBeLessThanOrEqual(MAX_DELAY_MS);
    expect(growth).toBeLessThanOrEqual(MAX_GROWTH);
  });
});
