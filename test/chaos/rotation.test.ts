import Stripe from 'stripe';
import { balance, type BalancedRequest } from '../support/balancer.js';
import { type Cluster, startCluster, untilReady } from '../support/cluster.js';
import { type ClusterUser, createClusterUsers, createRoom, findBrokenInvariants } from '../support/cluster-user.js';
import { describeOn } from '../support/engines.js';
import { openStripe, PRO_PRICE, type StripeWorld } from '../support/stripe-simulator.js';
import { until } from '../support/until.js';

const OLD_KEY = 'only-for-tests-0123456789abcdef-only-for-tests';
const NEXT_KEY = 'next-for-tests-fedcba9876543210-next-for-tests';
const NEXT_WEBHOOK_SECRET = 'whsec_next_0123456789abcdef0123456789abcdef';

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

describeOn('redis', 'the rotation of every key, as docs/operations.md tells it', () => {
  let cluster: Cluster;
  let stripe: StripeWorld;
  beforeAll(async () => {
    stripe = await openStripe({ running: true });
    cluster = await startCluster({
      apis: 2,
      workers: 2,
      settings: {
        JWT_SECRET: OLD_KEY,
        DRAIN_SECONDS: '10',
        DRAIN_DELAY_SECONDS: '1',
        STRIPE_SECRET_KEY: 'sk_test_simulated',
        STRIPE_BASE_URL: stripe.url,
        STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
        STRIPE_PRICE_PRO_ID: PRO_PRICE,
      },
      gemini: { latencyMs: 200, chunkMs: 10, tokens: 20 },
    });
  });
  afterAll(async () => {
    await cluster.close();
    await stripe.stop();
  });

  /** Replaces every process, one after the other, by one with these settings. */
  const deploy = async (settings: Readonly<Record<string, string>>) => {
    for (const api of cluster.apis) {
      expect(await api.process.terminate()).toBe(0);
      Object.assign(api.process.environment, settings);
      await api.process.start();
      await untilReady(api);
    }
    for (const [i, worker] of cluster.workers.entries()) {
      expect(await worker.terminate()).toBe(0);
      Object.assign(worker.environment, settings);
      await worker.start();
      const ready = async () => (await fetch(`${cluster.workerMetricsOrigins[i] ?? ''}/health/ready`).catch(() => null))?.status === 200;
      await until(`${worker.name} is ready`, ready, 60_000);
    }
  };

  test('fails no request and loses no reply', async () => {
    const balancer = balance(cluster.apis);
    const [first] = cluster.apis;
    if (!first) throw new Error('no API');
    const failures: string[] = [];
    const ask = async <Body>(what: string, expected: number, request: BalancedRequest): Promise<Body | null> => {
      const answer = await balancer.send(request).catch((error: unknown) => String((error as Error).cause ?? error));
      if (typeof answer !== 'string' && answer.status === expected) return answer.body as Body;
      failures.push(`${what}: ${typeof answer === 'string' ? answer : `${answer.status} ${JSON.stringify(answer.body)}`}`);
      return null;
    };

    /** The secret that Stripe signs with. */
    let webhookSecret = stripe.webhookSecret;
    const webhook = async (n: number) => {
      const payload = JSON.stringify({
        id: `evt_rotation_${n}`,
        object: 'event',
        type: 'invoice.paid',
        api_version: null,
        created: Math.floor(Date.now() / 1_000),
        livemode: false,
        data: { object: { id: 'in_1', object: 'invoice', customer: 'cus_unknown' } },
      });
      const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: webhookSecret });
      await ask('webhook', 200, ({ client }) =>
        client.post('/webhook/stripe', { body: payload, headers: { 'stripe-signature': signature } }),
      );
    };
    let events = 0;
    let isStopped = false;
    const users = await createClusterUsers(first.client, cluster.postgres, 3);
    const rooms = await Promise.all(users.map((user) => createRoom(first.client, user)));
    const done = users.map(() => 0);
    /** A client renews its access token again and again, and uses the one before once more. */
    const load = Promise.all(
      users.map(async ({ password, username }, i) => {
        const path = `/chatroom/${rooms[i] ?? ''}/message`;
        const signIn: BalancedRequest = ({ client }) => client.post('/auth/login', { body: { identifier: username, password } });
        let tokens = await ask<Tokens>('sign in', 200, signIn);
        while (!isStopped && tokens) {
          const { access_token: before, refresh_token } = tokens;
          tokens = await ask<Tokens>('refresh', 200, ({ client }) => client.post('/auth/refresh', { body: { refresh_token } }));
          await ask('read', 200, ({ client }) => client.get('/user/me', { token: before }));
          const token = tokens?.access_token ?? '';
          const sent = await ask<{ reply: { id: string } }>('send', 202, ({ client }) =>
            client.post(path, { body: { content: 'Hello' }, token }),
          );
          if (sent) await ask('wait', 200, ({ client }) => client.get(`${path}/${sent.reply.id}?wait=5`, { token }));
          await ask('sign in', 200, signIn);
          await webhook((events += 1));
          done[i] = (done[i] ?? 0) + 1;
        }
      }),
    );
    /** Everybody has renewed the access token twice: as after ACCESS_TOKEN_TTL. */
    const renewed = async () => {
      const goals = done.map((n) => n + 3);
      await until('everybody has gone on', () => failures.length > 0 || done.every((n, i) => n >= (goals[i] ?? 0)), 120_000);
    };
    try {
      await renewed();
      await deploy({ JWT_SECRET_PREVIOUS: NEXT_KEY, GEMINI_API_KEY: 'the-next-key' });
      await renewed();
      await deploy({
        JWT_SECRET: NEXT_KEY,
        JWT_SECRET_PREVIOUS: OLD_KEY,
        STRIPE_SECRET_KEY: 'sk_test_simulated_next',
        STRIPE_WEBHOOK_SECRET: NEXT_WEBHOOK_SECRET,
        STRIPE_WEBHOOK_SECRET_PREVIOUS: webhookSecret,
      });
      await renewed();
      webhookSecret = NEXT_WEBHOOK_SECRET;
      await renewed();
      await deploy({ JWT_SECRET_PREVIOUS: '', STRIPE_WEBHOOK_SECRET_PREVIOUS: '' });
      await renewed();
    } finally {
      isStopped = true;
      await load;
      balancer.close();
    }
    expect(failures).toEqual([]);
    const unfinished = `SELECT id FROM messages WHERE status IN ('pending', 'streaming')`;
    await until('every reply is finished', async () => (await cluster.postgres.query(unfinished)).length === 0, 60_000);
    expect(await cluster.postgres.query(`SELECT DISTINCT status FROM messages WHERE role = 'model'`)).toEqual([{ status: 'completed' }]);
    await until(
      'every event is processed',
      async () => (await cluster.postgres.query(`SELECT id FROM stripe_events WHERE processed_at IS NULL`)).length === 0,
      60_000,
    );
    expect(await cluster.postgres.query(`SELECT count(*)::integer AS events FROM stripe_events`)).toEqual([{ events }]);
    expect(await findBrokenInvariants(cluster.postgres)).toEqual([]);
    // The old key is worth nothing any more.
    const [{ token }] = users as [ClusterUser];
    expect((await first.client.get('/user/me', { token })).status).toBe(401);
  });
});
