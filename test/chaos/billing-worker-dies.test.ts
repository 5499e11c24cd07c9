import type { ApiClient } from '../support/api.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { createClusterUser } from '../support/cluster-user.js';
import { describeOn } from '../support/engines.js';
import { openStripe, PRO_PRICE, type StripeWorld } from '../support/stripe-simulator.js';
import { until } from '../support/until.js';

describeOn('redis', 'a worker that is killed between the storing of an event and the end of its work', () => {
  let stripe: StripeWorld;
  let cluster: Cluster;
  let api: ApiClient;

  beforeAll(async () => {
    stripe = await openStripe({ running: true });
    cluster = await startCluster({
      apis: 1,
      workers: 1,
      settings: {
        STRIPE_SECRET_KEY: 'sk_test_simulated',
        STRIPE_BASE_URL: stripe.url,
        STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
        STRIPE_PRICE_PRO_ID: PRO_PRICE,
        STRIPE_TIMEOUT: '40s',
        FRONTEND_URL: 'https://app.example.com',
      },
    });
    const [first] = cluster.apis;
    if (!first) throw new Error('one API');
    api = first.client;
    await stripe.control('POST', 'webhooks/endpoints', { url: `${api.origin}/webhook/stripe` });
  });

  afterAll(async () => {
    await cluster.close();
    await stripe.stop();
  });

  test('has its event applied once, by the next one', async () => {
    const [worker] = cluster.workers;
    if (!worker) throw new Error('one worker');
    const user = await createClusterUser(api, cluster.postgres);
    const checkout = await api.post<{ checkout_url: string }>('/subscribe/pro', { token: user.token });
    expect(checkout.status).toBe(201);
    // The worker asks Stripe what the events are about, and never hears an answer.
    const slow = { kind: 'slow', method: 'GET', path: '/v1/subscriptions', times: 100, latency_ms: 30_000 };
    await stripe.control('POST', 'faults', slow);
    await stripe.submit(checkout.body.checkout_url);
    await stripe.control('POST', 'webhooks/settle', {});
    const unprocessed = () => cluster.postgres.query<{ id: string }>(`SELECT id FROM stripe_events WHERE processed_at IS NULL`);
    const isAsked = async () => ((await stripe.control<{ data: { times: number }[] }>('GET', 'faults')).data[0]?.times ?? 0) < slow.times;
    await until('the worker has asked', isAsked);
    await worker.kill();
    await stripe.control('DELETE', 'faults');
    expect((await unprocessed()).length).toBeGreaterThan(0);
    const status = async () => (await api.get<{ status: string }>('/subscription/status', { token: user.token })).body.status;
    expect(await status()).toBe('none');

    await worker.start();
    await until('the subscription is there', async () => (await status()) === 'active', 60_000);
    await until('every event is acted on', async () => (await unprocessed()).length === 0, 60_000);
    const trail = () => cluster.postgres.query<{ cause: string; before: unknown }>(`SELECT cause, before FROM subscription_transitions`);
    expect(await trail()).toEqual([{ cause: 'stripe', before: null }]);

    // The same as if the last worker had died a moment later, its work done and not yet ticked off.
    await cluster.postgres.query(
      `UPDATE stripe_events SET processed_at = NULL, outcome = NULL, requested_at = now(), due_at = now() WHERE outcome = 'applied'`,
    );
    await until('every event is acted on again', async () => (await unprocessed()).length === 0, 60_000);
    expect(await trail()).toEqual([{ cause: 'stripe', before: null }]);
  });

  test('has the last name and address of a user pushed by the next one, once Stripe is back', async () => {
    const [worker] = cluster.workers;
    if (!worker) throw new Error('one worker');
    const user = await createClusterUser(api, cluster.postgres);
    expect((await api.post('/subscribe/pro', { token: user.token })).status).toBe(201);
    const { data } = await stripe.stripe.customers.list({ limit: 1 });
    const [customer] = data;
    if (customer?.metadata['user_id'] !== user.id) throw new Error('the newest customer is that of the user');
    const change = async (name: string) => {
      const body = { username: name, email: `${name}@example.com`, current_password: 'correct horse battery' };
      expect((await api.patch('/user/me', { token: user.token, body })).status).toBe(200);
    };
    const updates = () =>
      cluster.postgres.query<{ attempts: number }>(`SELECT attempts FROM customer_updates WHERE user_id = $1`, [user.id]);

    // Stripe is away, then the worker dies during the next attempt.
    await stripe.control('POST', 'faults', {
      kind: 'error',
      method: 'POST',
      path: `/v1/customers/${customer.id}`,
      times: 100,
    });
    await change('push_first');
    await until('an attempt has failed', async () => ((await updates())[0]?.attempts ?? 0) > 0, 60_000);
    await stripe.control('DELETE', 'faults');
    const slow = { kind: 'slow', method: 'POST', path: `/v1/customers/${customer.id}`, times: 100, latency_ms: 30_000 };
    await stripe.control('POST', 'faults', slow);
    const isAsked = async () => ((await stripe.control<{ data: { times: number }[] }>('GET', 'faults')).data[0]?.times ?? 0) < slow.times;
    await until('the worker has asked', isAsked, 60_000);
    await change('push_second');
    await worker.kill();
    await change('push_last');
    await stripe.control('DELETE', 'faults');
    await worker.start();
    // The time that the dead worker had is over.
    await cluster.postgres.query(`UPDATE customer_updates SET due_at = now()`);
    await until('Stripe has the values', async () => (await updates()).length === 0, 60_000);
    const found = await stripe.stripe.customers.retrieve(customer.id);
    expect(found).toMatchObject({ name: 'push_last', email: 'push_last@example.com' });
  });
});
