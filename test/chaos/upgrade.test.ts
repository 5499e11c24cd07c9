import { migrate } from '../../src/database/migrate.js';
import { type ApiProcess, type Cluster, startCluster } from '../support/cluster.js';
import { type ClusterUser, createClusterUsers, createRoom, findBrokenInvariants } from '../support/cluster-user.js';
import { idsRise, readEvents, type ReceivedEvent, textOf, typesOf } from '../support/event-stream.js';
import { buildPreviousRelease, whyNoPreviousRelease } from '../support/previous-release.js';
import { whyNoRedis } from '../support/redis-server.js';
import { openStripe, PRO_PRICE, type StripeWorld } from '../support/stripe-simulator.js';
import { until } from '../support/until.js';
import { startUpgradeLoad } from '../support/upgrade-load.js';

const reason = whyNoPreviousRelease() ?? whyNoRedis();
const USERS = 4;

(reason === null ? describe : describe.skip)(
  `an upgrade from the previous release${reason === null ? '' : ` (skipped: ${reason})`}`,
  () => {
    let cluster: Cluster;
    let stripe: StripeWorld;
    let release: ReturnType<typeof buildPreviousRelease>;
    beforeAll(async () => {
      release = buildPreviousRelease();
      stripe = await openStripe({ running: true });
      cluster = await startCluster({
        apis: 1,
        workers: 1,
        release: release.folder,
        settings: {
          DRAIN_SECONDS: '3',
          DRAIN_DELAY_SECONDS: '0',
          MAX_PENDING_REPLIES: '1000',
          GEMINI_IDLE_TIMEOUT: '5m',
          FRONTEND_URL: 'https://app.example.com',
          STRIPE_SECRET_KEY: 'sk_test_simulated',
          STRIPE_BASE_URL: stripe.url,
          STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
          STRIPE_PRICE_PRO_ID: PRO_PRICE,
        },
        gemini: { latencyMs: 100, chunkMs: 5, tokens: 20 },
      });
    });
    afterAll(async () => {
      await cluster.close();
      await stripe.stop();
      release.remove();
    });

    test('migrates under load, with the processes of both releases side by side: no request fails, nothing is lost or done twice', async () => {
      const [before] = cluster.apis;
      const [workerBefore] = cluster.workers;
      if (!before || !workerBefore) throw new Error('the previous release does not run');
      const users = await createClusterUsers(before.client, cluster.postgres, USERS);
      const rooms = await Promise.all(users.map((user) => createRoom(before.client, user)));
      const load = await startUpgradeLoad({ users, rooms, stripe });
      load.addApi(before);
      await load.completeRounds(2);

      await migrate(cluster.postgres.url);
      await load.completeRounds(2);

      const after = await cluster.startApi();
      load.addApi(after);
      // The worker of the previous release writes these; where it ends before them, the new one writes them anew.
      const crossing = Promise.all(users.map((user) => readAcross(user, [before, after, before, after])));
      const held = await Promise.all(users.map((user) => openStream(user, before, 'Hello [[slow 150ms]] [[long 800]]')));
      const cutOff = Promise.all(held.map(async ({ response, ...stream }) => ({ ...stream, ...(await readEvents(response)) })));
      const crossed = await crossing;
      const workerAfter = await cluster.startWorker();
      await load.completeRounds(4);

      load.removeApi(before);
      await load.completeRounds(1);
      expect(await before.process.terminate()).toBe(0);
      const resumed = (await cutOff).map(async ({ user, path, events }) => {
        if (typesOf(events).at(-1) === '[DONE]') return { path, events };
        const rest = await readEvents(await resume(user, path, after, events.at(-1)));
        return { path, events: [...events, ...rest.events] };
      });
      expect(await workerBefore.terminate()).toBe(0);
      for (const stream of [...crossed, ...(await Promise.all(resumed))]) await expectWhole(stream);
      await load.completeRounds(2);
      const { failures, replies, payers } = await load.stop();

      expect(failures).toEqual([]);
      expect(workerAfter.isRunning).toBe(true);
      await until(
        'every reply is finished',
        async () => (await cluster.postgres.query(`SELECT 1 FROM messages WHERE status IN ('pending', 'streaming')`)).length === 0,
        60_000,
      );
      expect(await cluster.postgres.query(`SELECT DISTINCT status FROM messages WHERE role = 'model'`)).toEqual([{ status: 'completed' }]);
      expect(await findBrokenInvariants(cluster.postgres)).toEqual([]);
      await expectPaidOnce(payers);
      // What was said before the upgrade is read, and found, after it.
      const { user, room, content, reply } = replies[0] ?? {};
      const read = await after.client.get<{ status: string }>(`/chatroom/${room ?? ''}/message/${reply ?? ''}`, {
        token: user?.token ?? '',
      });
      expect(read).toMatchObject({ status: 200, body: { status: 'completed' } });
      const found = await after.client.get<{ data: unknown[] }>(`/search?q=${content ?? ''}`, { token: user?.token ?? '' });
      expect(found.body.data.length).toBeGreaterThan(0);
    });

    /** The joined pieces of a stream are the reply as it is stored. */
    async function expectWhole({ path, events }: { path: string; events: readonly ReceivedEvent[] }): Promise<void> {
      const stored = await cluster.postgres.query(`SELECT status, content FROM messages WHERE id = $1`, [path.split('/').at(-2)]);
      expect(stored).toEqual([{ status: 'completed', content: textOf(events) }]);
      expect(textOf(events).length).toBeGreaterThan(100);
      expect(idsRise(events)).toBe(true);
      expect(typesOf(events).filter((type) => ['start', 'finish', '[DONE]'].includes(type))).toEqual(['start', 'finish', '[DONE]']);
    }

    /** Every event of Stripe is stored and processed, and each payment has begun one subscription. */
    async function expectPaidOnce(payers: readonly string[]): Promise<void> {
      expect(payers.length).toBeGreaterThan(8);
      const sent = await stripe.stripe.events.list({ limit: 100 }).autoPagingToArray({ limit: 10_000 });
      const stored = () => cluster.postgres.query<{ id: string; outcome: string | null }>(`SELECT id, outcome FROM stripe_events`);
      await until('every event is processed', async () => (await stored()).every(({ outcome }) => outcome !== null), 60_000);
      expect((await stored()).map(({ id }) => id).sort()).toEqual(sent.map(({ id }) => id).sort());
      // The releases end an entitlement at different times, and each one's sync stores a change to its own.
      const begun = await cluster.postgres.query<{ user_id: string }>(
        `SELECT user_id FROM subscription_transitions WHERE cause = 'stripe' AND subject_kind = 'subscription' AND before IS NULL`,
      );
      expect(begun.map(({ user_id: id }) => id).sort()).toEqual([...payers].sort());
    }
  },
);

/** Sends a message, and reads the first words of its reply's stream. */
async function openStream(user: ClusterUser, { client }: ApiProcess, content: string) {
  const room = await createRoom(client, user);
  const headers = { accept: 'text/event-stream' };
  const response = await client.open('POST', `/chatroom/${room}/message`, { token: user.token, body: { content }, headers });
  expect(response.status).toBe(200);
  return { user, response, path: `${response.headers.get('location') ?? ''}/stream` };
}

async function resume({ token }: ClusterUser, path: string, { client }: ApiProcess, last: ReceivedEvent | undefined): Promise<Response> {
  const response = await client.open('GET', path, { token, headers: last ? { 'last-event-id': last.id } : {} });
  expect(response.status).toBe(200);
  return response;
}

/** Reads one stream in pieces, at one process after the other, until its end. The second one gets the first cut. */
async function readAcross(user: ClusterUser, [first, ...others]: readonly [ApiProcess, ...ApiProcess[]]) {
  const opened = await openStream(user, first, 'Hello [[slow 30ms]] [[long 1000]]');
  const events: ReceivedEvent[] = [];
  let { response } = opened;
  for (const next of [...others, null]) {
    const length = textOf(events).length;
    const piece = await readEvents(response, (_event, all) => next !== null && textOf([...events, ...all]).length > length + 100);
    events.push(...piece.events);
    if (typesOf(events).at(-1) === '[DONE]') break;
    if (next) response = await resume(user, opened.path, next, events.at(-1));
  }
  return { path: opened.path, events };
}
