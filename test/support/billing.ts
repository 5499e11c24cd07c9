import type Stripe from 'stripe';
import { DataSource } from 'typeorm';
import type { Answer, Settings, TestUser } from './api.js';
import { type Stack, startStack } from './stack.js';
import { DAY, openStripe, PRO_PRICE, type StripeWorld } from './stripe-simulator.js';
import { until } from './until.js';

/** API, worker, Gemini simulator and Stripe simulator, whose events reach the API. */
export interface BillingStack extends Stack {
  readonly stripe: StripeWorld;
  status(user: TestUser, query?: string): Promise<Answer<StatusBody>>;
  subscribe(user: TestUser, body?: object, headers?: Record<string, string>): Promise<Answer<CheckoutBody>>;
  /** Pays on the page of a new checkout, and resolves when the user has Pro. @returns the session's id */
  pay(user: TestUser, fields?: Record<string, string>): Promise<string>;
  /** Resolves when every event that came was acted on. */
  settled(withinMs?: number): Promise<void>;
  customerOf(user: TestUser): Promise<string>;
  /** All that Stripe has of the user's, newest first. */
  subscriptionsOf(user: TestUser): Promise<Stripe.Subscription[]>;
  /** Why each line of the user's audit trail was written. */
  causesOf(user: TestUser): Promise<string[]>;
  sql<Row>(text: string, values?: unknown[]): Promise<Row[]>;
}

export interface StatusBody {
  readonly plan: string;
  readonly status: string;
  readonly active_until: string | null;
  readonly cancel_at_period_end: boolean;
  readonly trial_end: string | null;
  readonly price: { readonly key: string | null; readonly amount: number; readonly currency: string } | null;
  readonly open_invoice: { readonly url: string; readonly amount: number; readonly currency: string; readonly reason: string } | null;
}

export interface CheckoutBody {
  readonly checkout_url: string;
  readonly session_id: string;
  readonly code?: string;
}

export async function startBilling(settings: Settings = {}, { webhooks = true } = {}): Promise<BillingStack> {
  const stripe = await openStripe({ running: true });
  const stack = await startStack({
    STRIPE_SECRET_KEY: 'sk_test_simulated',
    STRIPE_BASE_URL: stripe.url,
    STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
    STRIPE_PRICE_PRO_ID: PRO_PRICE,
    FRONTEND_URL: 'https://app.example.com',
    RECONCILE_INTERVAL: '1h',
    ...settings,
  });
  if (webhooks) await stripe.control('POST', 'webhooks/endpoints', { url: `${stack.api.origin}/webhook/stripe` });
  const { api } = stack;
  const sql: BillingStack['sql'] = (text, values = []) => api.app.get(DataSource).query(text, values);
  const status: BillingStack['status'] = (user, query = '') => api.get(`/subscription/status${query}`, { token: user.accessToken });
  const subscribe: BillingStack['subscribe'] = (user, body, headers = {}) =>
    api.post('/subscribe/pro', { token: user.accessToken, headers, ...(body === undefined ? {} : { body }) });
  const customerOf: BillingStack['customerOf'] = async (user) => {
    const [row] = await sql<{ id: string }>(`SELECT stripe_customer_id AS id FROM stripe_customers WHERE user_id = $1`, [user.id]);
    return row?.id ?? '';
  };
  return {
    ...stack,
    stripe,
    sql,
    customerOf,
    subscriptionsOf: async (user) => (await stripe.stripe.subscriptions.list({ customer: await customerOf(user), status: 'all' })).data,
    causesOf: async (user) =>
      (
        await sql<{ cause: string }>(`SELECT cause FROM subscription_transitions WHERE user_id = $1 ORDER BY created_at, id`, [user.id])
      ).map(({ cause }) => cause),
    status,
    subscribe,
    pay: async (user, fields = {}) => {
      const { body } = await subscribe(user);
      await stripe.submit(body.checkout_url, fields);
      await until('the payer has Pro', async () => (await status(user)).body.plan === 'pro');
      return body.session_id;
    },
    settled: async (withinMs = 30_000) => {
      await stripe.control('POST', 'webhooks/settle', { timeout_ms: Math.min(withinMs, 120_000) });
      await until(
        'every event is acted on',
        async () => (await sql(`SELECT 1 FROM stripe_events WHERE processed_at IS NULL`)).length === 0,
        withinMs,
      );
    },
    close: async () => {
      await stack.close();
      await stripe.stop();
    },
  };
}

/** What a customer is entitled to by what Stripe holds and the rules of the contract, told without any of our code. */
export async function whatStripeHolds(
  { stripe, control }: StripeWorld,
  customer: string,
): Promise<Pick<StatusBody, 'plan' | 'status' | 'cancel_at_period_end'>> {
  const { unix: now } = await control<{ unix: number }>('GET', 'clock');
  const { data } = await stripe.subscriptions.list({ customer, status: 'all' });
  const live = data.filter(({ status }) => status !== 'canceled' && status !== 'incomplete_expired');
  expect(live.length).toBeLessThanOrEqual(1);
  const [counts = data[0]] = live;
  if (!counts) return { plan: 'basic', status: 'none', cancel_at_period_end: false };
  const { data: open } = await stripe.invoices.list({ customer, status: 'open' });
  const inGrace = now < (open.at(-1)?.created ?? 0) + 3 * DAY;
  const isPro = ['active', 'trialing'].includes(counts.status) || (counts.status === 'past_due' && inGrace);
  const isEnding = live.length === 1 && (counts.cancel_at_period_end || counts.cancel_at !== null);
  return { plan: isPro ? 'pro' : 'basic', status: counts.status, cancel_at_period_end: isEnding };
}
