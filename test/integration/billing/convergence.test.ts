import fc from 'fast-check';
import Stripe from 'stripe';
import { ReconciliationService } from '../../../src/modules/billing/worker/reconciliation.service.js';
import type { TestUser } from '../../support/api.js';
import { type BillingStack, startBilling, whatStripeHolds } from '../../support/billing.js';
import { isFullSize } from '../../support/full-size.js';
import { PRO_PRICE } from '../../support/stripe-simulator.js';

/**
 * Random runs of each case, besides those that are always tried. A run delivers the case's events in any order, and any
 * of them twice or not at all.
 */
const RUNS = isFullSize ? 50 : 1;

/** What happens to a subscription: at the beginning, and again 31 days later, when its first period is over. */
interface Case {
  /** Days by which the case began earlier. */
  readonly earlier?: 8 | 16;
  readonly begin?: (user: TestUser) => Promise<void>;
  readonly later?: (user: TestUser) => Promise<void>;
  /** How the payment page is left. */
  readonly checkout?: 'paid' | 'abandoned' | 'expired' | 'bank' | 'trial' | 'short trial';
}

let stack: BillingStack;
let stripe: Stripe;

const subscriptionOf = async (user: TestUser): Promise<string> => (await stack.subscriptionsOf(user))[0]?.id ?? '';
const intentOf = async (user: TestUser): Promise<string> =>
  (await stripe.paymentIntents.list({ customer: await stack.customerOf(user) })).data[0]?.id ?? '';
const cards = (behaviour: string) => async (user: TestUser) => {
  await stack.stripe.control('POST', 'cards', { customer: await stack.customerOf(user), behaviour });
};
const settleBank = (outcome: string) => async (user: TestUser) => {
  await stack.stripe.control('POST', `payments/${await intentOf(user)}/settle`, { outcome });
};
const update = (parameters: Stripe.SubscriptionUpdateParams) => async (user: TestUser) => {
  await stripe.subscriptions.update(await subscriptionOf(user), parameters);
};
const dispute = (status: string) => async (user: TestUser) => {
  const { id } = await stack.stripe.control<{ id: string }>('POST', 'disputes', { payment_intent: await intentOf(user) });
  if (status !== 'open') await stack.stripe.control('POST', `disputes/${id}/close`, { status });
};

const createUnpaid = async (user: TestUser) => {
  const customer = await stack.customerOf(user);
  await stripe.subscriptions.create({ customer, items: [{ price: PRO_PRICE }], payment_behavior: 'default_incomplete' });
};

const CASES: Readonly<Record<string, Case>> = {
  'paid and renewed': {},
  'a page that is left open': { checkout: 'abandoned' },
  'a page that expired': { checkout: 'expired' },
  'a bank that pays later': { checkout: 'bank', begin: settleBank('succeeds') },
  'a bank that does not pay': { checkout: 'bank', begin: settleBank('fails') },
  'a failed renewal': { begin: cards('insufficient_funds') },
  'a failed renewal, past the grace': { earlier: 8, begin: cards('insufficient_funds') },
  'a failed renewal that Stripe has given up on': { earlier: 16, begin: cards('insufficient_funds') },
  'a failed renewal that was paid late': {
    begin: cards('insufficient_funds'),
    later: async (user) => {
      const [open] = (await stripe.invoices.list({ customer: await stack.customerOf(user), status: 'open' })).data;
      await cards('pays')(user);
      await stripe.invoices.pay(open?.id ?? '');
    },
  },
  'cancelled at the end, and over': { begin: update({ cancel_at_period_end: true }) },
  'cancelled at the end, not over yet': { later: update({ cancel_at_period_end: true }) },
  'cancelled in the portal': { later: update({ cancel_at: 1_899_999_999 }) },
  'cancelled and taken back': {
    later: async (user) => {
      await update({ cancel_at_period_end: true })(user);
      await update({ cancel_at_period_end: false })(user);
    },
  },
  'cancelled at once': {
    later: async (user) => {
      await stripe.subscriptions.cancel(await subscriptionOf(user));
    },
  },
  'refunded in full': {
    later: async (user) => {
      await stripe.refunds.create({ payment_intent: await intentOf(user) });
    },
  },
  'a dispute that is open': { later: dispute('open') },
  'a dispute that was won': { later: dispute('won') },
  'a dispute that was lost': { later: dispute('lost') },
  'a trial': { checkout: 'trial' },
  'a trial that ended without a card': { checkout: 'short trial' },
  'a first payment that is waited for': { checkout: 'abandoned', later: createUnpaid },
  'a first payment that never came': { checkout: 'abandoned', begin: createUnpaid },
  'two subscriptions': {
    later: async (user) => {
      const customer = await stack.customerOf(user);
      await stack.stripe.submit((await stack.stripe.checkout({ customer })).url ?? '');
    },
  },
};

interface Recorded {
  readonly user: TestUser;
  readonly customer: string;
  /** As Stripe sends them, oldest first. */
  readonly events: readonly Stripe.Event[];
}

const recorded = new Map<string, Recorded>();

/** Everything happens once at Stripe, and nothing of it is told to us. */
beforeAll(async () => {
  stack = await startBilling({ SWEEP_INTERVAL: '1h' }, { webhooks: false });
  ({ stripe } = stack.stripe);
  const users = new Map<string, TestUser>();
  for (const days of [16, 8, 0]) {
    for (const [name, { earlier = 0, checkout = 'paid', begin }] of Object.entries(CASES)) {
      if (earlier !== days) continue;
      const user = await stack.api.signUp();
      users.set(name, user);
      await visit(user, checkout);
      await begin?.(user);
    }
    await stack.stripe.pass(days === 0 ? '31d' : '8d');
  }
  for (const [name, user] of users) await CASES[name]?.later?.(user);
  const events = await stripe.events.list({ limit: 100 }).autoPagingToArray({ limit: 10_000 });
  for (const [name, user] of users) {
    const customer = await stack.customerOf(user);
    // A dispute names its payment, not its customer.
    const ids = [customer, ...(await stripe.paymentIntents.list({ customer })).data.map(({ id }) => id)];
    const isOfCase = (event: Stripe.Event) => ids.some((id) => JSON.stringify(event).includes(id));
    recorded.set(name, { user, customer, events: events.filter(isOfCase).reverse() });
  }
});

afterAll(async () => {
  await stack.close();
});

async function visit(user: TestUser, how: NonNullable<Case['checkout']>): Promise<void> {
  const { body } = await stack.subscribe(user);
  if (how === 'expired') await stripe.checkout.sessions.expire(body.session_id);
  if (how === 'paid') await stack.stripe.submit(body.checkout_url);
  if (how === 'bank') await stack.stripe.submit(body.checkout_url, { method: 'bank', account: 'succeeds' });
  if (how === 'trial' || how === 'short trial') {
    await stripe.subscriptions.create({
      customer: await stack.customerOf(user),
      items: [{ price: PRO_PRICE }],
      trial_period_days: how === 'trial' ? 60 : 7,
      trial_settings: { end_behavior: { missing_payment_method: 'pause' } },
    });
  }
}

/** As if nothing had ever been heard of Stripe. */
async function forget({ user, customer }: Recorded): Promise<void> {
  await stack.sql(`DELETE FROM stripe_events WHERE stripe_customer_id = $1 OR stripe_customer_id IS NULL`, [customer]);
  await stack.sql(`DELETE FROM stripe_cursors`);
  await stack.sql(`DELETE FROM subscriptions WHERE user_id = $1`, [user.id]);
  await stack.sql(`DELETE FROM subscription_transitions WHERE user_id = $1`, [user.id]);
  await stack.sql(`UPDATE stripe_customers SET synced_at = NULL, check_at = NULL WHERE user_id = $1`, [user.id]);
  await stack.sql(`UPDATE checkouts SET status = 'open' WHERE user_id = $1`, [user.id]);
}

async function deliver(event: Stripe.Event): Promise<void> {
  const payload = JSON.stringify(event);
  const header = Stripe.webhooks.generateTestHeaderString({ payload, secret: stack.stripe.webhookSecret });
  const { status } = await stack.api.post('/webhook/stripe', { body: payload, headers: { 'stripe-signature': header } });
  expect(status).toBe(200);
}

describe.each(Object.keys(CASES))('%s', (name) => {
  it('ends in what Stripe holds, in whatever order its events come, twice or not at all', async () => {
    const record = recorded.get(name);
    if (!record) throw new Error('every case is recorded');
    const places = [...record.events.keys()];
    const always: [number[], number[]][] = [
      [[...places].reverse(), places],
      [[], []],
    ];
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(places), fc.shuffledSubarray(places), async (first, again) => {
        await forget(record);
        for (const place of [...first, ...again]) await deliver(record.events[place] as Stripe.Event);
        await stack.settled();
        const heard = new Set([...first, ...again]).size;
        if (heard < places.length) {
          await stack.worker.get(ReconciliationService, { strict: false }).reconcile();
          await stack.settled();
        }
        const { plan, status, cancel_at_period_end } = (await stack.status(record.user)).body;
        expect({ plan, status, cancel_at_period_end }).toEqual(await whatStripeHolds(stack.stripe, record.customer));
      }),
      // A failure is told as it was found: its events are few enough to read.
      { examples: always, numRuns: always.length + RUNS, endOnFailure: true },
    );
  });
});

it('covers states of every kind', async () => {
  const statuses = new Set<string>();
  for (const record of recorded.values()) {
    const { plan, status } = await whatStripeHolds(stack.stripe, record.customer);
    statuses.add(`${status}: ${plan}`);
  }
  expect([...statuses].sort()).toEqual([
    'active: pro',
    'canceled: basic',
    'incomplete: basic',
    'incomplete_expired: basic',
    'none: basic',
    'past_due: basic',
    'past_due: pro',
    'paused: basic',
    'trialing: pro',
  ]);
});
