import { readFileSync } from 'node:fs';
import { type Cluster, startCluster } from '../support/cluster.js';
import { createClusterUser, createRoom } from '../support/cluster-user.js';
import { Conversation } from '../support/conversation.js';
import { describeWith } from '../support/programs.js';
import { startTestPrometheus, type TestPrometheus } from '../support/prometheus.js';
import { openStripe, PRO_PRICE, type StripeWorld } from '../support/stripe-simulator.js';
import { until } from '../support/until.js';

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
}

/** As `$__rate_interval` of a dashboard that is refreshed every second. */
const RATE_INTERVAL = '30s';

describeWith(['redis-server', 'prometheus'], 'a Prometheus that scrapes the processes', () => {
  let cluster: Cluster;
  let stripe: StripeWorld;
  let prometheus: TestPrometheus;
  /** What every round of traffic does. */
  let use: () => Promise<void>;
  let talk: Conversation;
  beforeAll(async () => {
    stripe = await openStripe({ running: true });
    cluster = await startCluster({
      apis: 1,
      workers: 1,
      settings: {
        GEMINI_DAILY_BUDGET_USD: '50',
        REPLY_RETRY_DELAY: '50ms',
        STRIPE_SECRET_KEY: 'sk_test_simulated',
        STRIPE_BASE_URL: stripe.url,
        STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
        STRIPE_PRICE_PRO_ID: PRO_PRICE,
      },
    });
    const [api] = cluster.apis;
    if (!api) throw new Error('one API');
    prometheus = await startTestPrometheus({ 'gemini-chat-api': [api.metricsOrigin], 'gemini-chat-worker': cluster.workerMetricsOrigins });
    await stripe.control('POST', 'webhooks/endpoints', { url: `${api.client.origin}/webhook/stripe` });
    const user = await createClusterUser(api.client, cluster.postgres);
    talk = new Conversation(api.client, user.token, await createRoom(api.client, user));
    use = async () => {
      await createClusterUser(api.client, cluster.postgres);
      await stripe.subscribe();
      await talk.ask('Hello [[error-503 x1]]');
      await api.client.get('/chatroom', { token: user.token });
    };
  });
  afterAll(async () => {
    await prometheus.stop();
    await cluster.close();
    await stripe.stop();
  });

  test('every query of the dashboard is answered, with values', async () => {
    const dashboard = JSON.parse(readFileSync('deploy/grafana/gemini-chat.json', 'utf8')) as Dashboard;
    const queries = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
    expect(queries.length).toBeGreaterThan(40);
    let unanswered = queries;
    await until(
      'every query has values',
      async () => {
        await use();
        const results = await Promise.all(
          unanswered.map(({ expr }) => prometheus.query(expr.replaceAll('$__rate_interval', RATE_INTERVAL))),
        );
        unanswered = unanswered.filter((_query, i) => results[i]?.length === 0);
        return unanswered.length === 0;
      },
      60_000,
      1_000,
    ).catch(() => undefined);
    expect(unanswered).toEqual([]);
  });

  test('the queries that the alerts ask are answered, and a wrong API key raises the alert that names it', async () => {
    await until('every rule is judged', async () => !Object.values(await prometheus.rules()).includes('unknown'), 60_000);
    const rules = await prometheus.rules();
    expect(Object.keys(rules).length).toBeGreaterThan(10);
    expect(Object.entries(rules).filter(([, health]) => health !== 'ok')).toEqual([]);
    // An increase is one of a counter that Prometheus has seen before.
    await use();
    await until(
      'the counter is scraped',
      async () => (await prometheus.query('model_errors_total{code="model_misconfigured"}')).length > 0,
    );
    expect(await prometheus.alerts()).not.toContain('ModelKeyRefused');
    const reply = await talk.ask('Hello [[bad-key]]');
    expect(reply.error?.code).toBe('model_misconfigured');
    await until('the alert is raised', async () => (await prometheus.alerts()).includes('ModelKeyRefused'), 60_000);
  });
});
