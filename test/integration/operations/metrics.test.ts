import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { TestUser } from '../../support/api.js';
import { type BillingStack, startBilling } from '../../support/billing.js';
import { Conversation } from '../../support/conversation.js';
import { type MetricSample, parseMetrics, valueOf } from '../../support/metrics.js';
import { describeWith } from '../../support/programs.js';
import { until } from '../../support/until.js';

/** The one that the replies are from. */
let model = '';

let stack: BillingStack;
beforeAll(async () => {
  stack = await startBilling({
    THROTTLE_SIGN_IN_LIMIT: '12',
    GEMINI_DAILY_BUDGET_USD: '50',
    SMS_DAILY_BUDGET: '100',
    SMS_RESERVE_PERCENT: '20',
  });
});
afterAll(() => stack.close());

const text = async () => (await stack.api.get<string>('/metrics')).body;
const scrape = async () => parseMetrics(await text());

/** The names of the series of a metric. */
const seriesOf = (name: string, type: string | undefined): string[] =>
  type === 'histogram' ? ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`) : [name];

/** Everything that has a metric: sign-ins, answers, failures, titles, the cache, payments and their events. */
async function useEverything(): Promise<TestUser> {
  const { api } = stack;
  const user = await api.signUp();
  const token = user.accessToken;
  await api.post('/auth/login', { body: { identifier: user.username, password: 'not the password' } });
  await api.get('/chatroom', { token });
  await api.get('/chatroom', { token });
  await stack.pay(user);
  await stack.settled();
  const talk = await Conversation.start(api, token, {});
  for (const content of [
    'Hello [[thinking]] [[grounded]]',
    'Try again [[error-503 x2]]',
    'Wrong key [[bad-key]]',
    'Wait [[rate-limit 50ms x1]]',
  ])
    model = (await talk.ask(content)).model ?? '';
  return user;
}

test('replies, models, sign-ins, the cache and billing are counted', async () => {
  await useEverything();
  await until('the title is counted', async () => valueOf(await scrape(), 'model_tokens_total', { purpose: 'title' }) !== null);
  const samples = await scrape();
  const value = (name: string, labels: Record<string, string> = {}) => valueOf(samples, name, labels);
  expect(value('replies_total', { model, status: 'completed' })).toBe(3);
  expect(value('replies_total', { model, status: 'failed' })).toBe(1);
  expect(value('reply_duration_seconds_count', { model })).toBe(4);
  expect(value('reply_first_token_seconds_count', { model })).toBe(3);
  expect(value('reply_first_thought_seconds_count', { model })).toBe(1);
  expect(value('model_searches_total', { model })).toBe(2);
  expect(value('model_errors_total', { model, code: 'model_misconfigured' })).toBe(1);
  expect(value('reply_retries_total', { reason: 'model_overloaded' })).toBe(2);
  expect(value('reply_retries_total', { reason: 'model_rate_limited' })).toBe(1);
  expect(value('model_pauses_total', { model })).toBe(1);
  for (const kind of ['input', 'output', 'reasoning']) expect(value('model_tokens_total', { purpose: 'reply', kind })).toBeGreaterThan(0);
  expect(value('model_cost_dollars_total', { purpose: 'title' })).toBeGreaterThan(0);
  expect(value('sign_ins_total', { method: 'password', outcome: 'succeeded' })).toBe(1);
  expect(value('sign_ins_total', { method: 'password', outcome: 'invalid_credentials' })).toBe(1);
  expect(value('body_cache_requests_total', { source: 'stored' })).toBe(1);
  expect(value('body_cache_requests_total', { source: 'hit' })).toBe(1);
  expect(value('stripe_webhooks_total', { outcome: 'stored' })).toBeGreaterThan(3);
  expect(value('stripe_events_total', { type: 'customer.subscription.created', outcome: 'applied' })).toBe(1);
  expect(value('stripe_event_lag_seconds_count')).toBeGreaterThan(3);
  expect(value('stripe_event_lag_seconds_count')).toBe(value('stripe_webhook_delay_seconds_count'));
  expect(value('database_connections_limit')).toBe(10);
});

test('the counts of tokens and cost are those of the database', async () => {
  const [row] = await stack.sql<{ tokens: string; dollars: number }>(
    `SELECT sum(input_tokens + output_tokens + reasoning_tokens) AS tokens, sum(cost_micros)::float8 / 1000000 AS dollars FROM model_hours`,
  );
  const samples = await scrape();
  expect(valueOf(samples, 'model_tokens_total')).toBe(Number(row?.tokens));
  expect(valueOf(samples, 'model_cost_dollars_total')).toBeCloseTo(row?.dollars ?? NaN, 9);
});

test('what the service has left and what waits is read at most once in five seconds, and then anew', async () => {
  const value = async (name: string, labels: Record<string, string> = {}) => valueOf(await scrape(), name, labels);
  expect(await value('service_model_budget_dollars')).toBe(50);
  expect(await value('service_sms_budget', { share: 'strangers' })).toBe(80);
  expect(await value('service_sms_budget_remaining', { share: 'whole' })).toBe(100);
  expect(await value('service_queue_jobs', { queue: 'replies', state: 'waiting' })).toBe(0);
  expect(await value('service_queue_paused', { queue: 'digests' })).toBe(0);
  expect(await value('dependency_up', { dependency: 'postgresql' })).toBe(1);
  await stack.sql(
    `UPDATE stripe_events SET processed_at = NULL, outcome = NULL, requested_at = now() - interval '1 hour', due_at = now() + interval '1 day'`,
  );
  await stack.sql(
    `INSERT INTO model_pauses VALUES ('${model}', now() + interval '1 minute') ON CONFLICT (model) DO UPDATE SET paused_until = excluded.paused_until`,
  );
  await until('the old event is seen', async () => ((await value('service_stripe_oldest_event_age_seconds')) ?? 0) > 3_500);
  await until('the pause is seen', async () => ((await value('service_model_pause_seconds', { model })) ?? 0) > 40);
  const spent = (await value('service_model_budget_spent_dollars')) ?? NaN;
  expect(spent).toBeGreaterThan(0);
  expect(await value('service_model_budget_remaining_dollars')).toBeCloseTo(50 - spent, 6);
  await stack.sql(`DELETE FROM model_pauses`);
  await stack.sql(`UPDATE stripe_events SET processed_at = now(), outcome = 'applied'`);
});

test('a user makes no series, and no label holds what is a user’s', async () => {
  const allOf = (samples: readonly MetricSample[]) =>
    new Set(samples.filter(({ name }) => !name.startsWith('nodejs_')).map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`));
  const before = allOf(await scrape());
  const user = await useEverything();
  const after = await text();
  expect([...allOf(parseMetrics(after))].filter((series) => !before.has(series))).toEqual([]);
  for (const own of [user.id, user.username, user.mobileNumber]) expect(after).not.toContain(own);
});

test('every metric that alerts, dashboard, scaling and their pages name is there', async () => {
  const known = new Set([...(await text()).matchAll(/^# TYPE (\w+) (\w+)$/gmu)].flatMap(([, name = '', type]) => seriesOf(name, type)));
  const read = (file: string) => readFileSync(file, 'utf8');
  const queries = [...read('deploy/prometheus/alerts.yml').matchAll(/^ +expr: (?:\|\n)?([\s\S]*?)\n +(?:for|labels):/gmu)].map(
    ([, query = '']) => query,
  );
  const { panels } = JSON.parse(read('deploy/grafana/gemini-chat.json')) as { panels: { targets?: { expr: string }[] }[] };
  queries.push(...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)));
  // Labels and their values are removed first. What is left with underscores is a metric or a function.
  const inQueries = queries.flatMap((query) => [
    ...query.replaceAll(/\{[^}]*\}|\b(?:by|on|without) ?\([^)]*\)|\$__\w+/gu, '').matchAll(/\b[a-z]\w*_\w+\b(?!\()/gu),
  ]);
  const inPages = ['docs/operations.md', 'docs/development.md', 'deploy/kubernetes/worker.yaml'].flatMap((file) => [
    ...read(file).matchAll(/\b(?:service_(?!budget_reached|unavailable)\w+|\w+_total)\b/gu),
  ]);
  const named = [...inQueries, ...inPages].map(([name]) => name);
  expect(named.length).toBeGreaterThan(70);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});

test('refusals of the throttle are counted by its policy', async () => {
  let status = 0;
  for (let i = 0; i < 20 && status !== 429; i += 1)
    ({ status } = await stack.api.post('/auth/send-otp', { body: { mobile_number: 'nonsense' } }));
  expect(status).toBe(429);
  expect(valueOf(await scrape(), 'throttle_refusals_total', { policy: 'sign_in' })).toBe(1);
});

describeWith(['promtool'], 'promtool', () => {
  test('finds nothing to say about names, units and help texts', async () => {
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: await text(), encoding: 'utf8' });
    expect([stdout, stderr, status]).toEqual(['', '', 0]);
  });
});
