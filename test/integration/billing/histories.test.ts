import pLimit from 'p-limit';
import type Stripe from 'stripe';
import { ReconciliationService } from '../../../src/modules/billing/worker/reconciliation.service.js';
import { PRO_ANNUAL_PRICE_ID, PRO_PRODUCT_ID } from '../../../simulators/stripe/objects/catalogue.js';
import type { TestUser } from '../../support/api.js';
import { type BillingStack, startBilling } from '../../support/billing.js';
import { isFullSize } from '../../support/full-size.js';
import { DAY, PRO_PRICE } from '../../support/stripe-simulator.js';
import { until } from '../../support/until.js';

/*
 * Random histories: payers, their banks, the staff of the seller and the network do what they do, in any order, while
 * time passes over a leap day. After every step each user's plan is compared with a rule that knows only what Stripe
 * holds, and at the end every payment is accounted for.
 */

const USERS = isFullSize ? 200 : 25;
const STEPS = 30;
/** A failed history is run again with the seed that the failure names. */
const SEED = Number(process.env['HISTORIES_SEED'] ?? 20_280_229);
const GRACE = 3 * DAY;
/** The events of one step of all users, on a busy machine. */
const SETTLED_MS = isFullSize ? 300_000 : 60_000;

/** A random number generator that gives the same numbers for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Actor {
  readonly user: TestUser;
  readonly random: () => number;
  /** What was done, for the report of a failure. */
  readonly history: string[];
}

let stack: BillingStack;
let stripe: Stripe;
let otherPrice: string;
const happened = new Map<string, number>();
/** The payment intents that staff gave back. All other refunds are ours. */
const refundedByStaff = new Set<string>();

beforeAll(async () => {
  stack = await startBilling({
    STRIPE_PRICES: `monthly=${PRO_PRICE},annual=${PRO_ANNUAL_PRICE_ID}`,
    STRIPE_MAX_CALLS_PER_SECOND: '10000',
    ACCESS_TOKEN_TTL: '24h',
    THROTTLE_ENABLED: 'false',
    SWEEP_INTERVAL: '200ms',
  });
  ({ stripe } = stack.stripe);
  await stack.stripe.control('POST', 'clock', { frozen: true, to: '2028-01-20T00:00:00Z' });
  const product = await stripe.products.create({ name: 'Something else' });
  otherPrice = (await stripe.prices.create({ product: product.id, currency: 'usd', unit_amount: 900, recurring: { interval: 'month' } }))
    .id;
  await stripe.coupons.create({ id: 'free', percent_off: 100, duration: 'repeating', duration_in_months: 2 });
});
afterAll(async () => {
  await stack.close();
});

const pick = <T>(random: () => number, list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];

const subscriptionsOf = async ({ user }: Actor): Promise<Stripe.Subscription[]> =>
  (await stripe.subscriptions.list({ customer: await stack.customerOf(user), status: 'all', limit: 100 })).data;
const liveOf = async (actor: Actor): Promise<Stripe.Subscription | undefined> =>
  pick(
    actor.random,
    (await subscriptionsOf(actor)).filter((one) => isPro(one) && !hasEnded(one)),
  );
const intentsOf = async ({ user }: Actor): Promise<Stripe.PaymentIntent[]> =>
  (await stripe.paymentIntents.list({ customer: await stack.customerOf(user), limit: 100 })).data;

const isPro = ({ items }: Stripe.Subscription): boolean =>
  items.data.some(({ price }) => (typeof price.product === 'string' ? price.product : price.product.id) === PRO_PRODUCT_ID);
const hasEnded = ({ status }: Stripe.Subscription): boolean => status === 'canceled' || status === 'incomplete_expired';

/** What an actor may do. It gives false where it does not apply; what Stripe refuses has no effect. */
const ACTIONS: Readonly<Record<string, { weight: number; act: (actor: Actor) => Promise<unknown> }>> = {
  'pays on the page': { weight: 8, act: (actor) => subscribe(actor, {}) },
  'pays a year': { weight: 2, act: (actor) => subscribe(actor, {}, 'annual') },
  'pays with a card that asks at each renewal': { weight: 3, act: (actor) => subscribe(actor, { number: '4000 0027 6000 3184' }) },
  'is declined on the page': { weight: 2, act: (actor) => subscribe(actor, { number: '4000 0000 0000 9995' }) },
  'pays by a bank debit that arrives': { weight: 2, act: (actor) => subscribe(actor, { method: 'bank', account: 'succeeds' }) },
  'pays by a bank debit that fails': { weight: 2, act: (actor) => subscribe(actor, { method: 'bank', account: 'fails' }) },
  'opens a page and leaves': {
    weight: 2,
    act: async ({ user }) => (await stack.subscribe(user)).status === 201,
  },
  'pays twice': {
    weight: 3,
    act: async (actor) => {
      const customer = await stack.customerOf(actor.user);
      if (customer === '') return false;
      return stack.stripe.submit((await stack.stripe.checkout({ customer })).url ?? '');
    },
  },
  cancels: {
    weight: 4,
    act: async ({ user }) => (await stack.api.post('/subscription/cancel', { token: user.accessToken })).status === 200,
  },
  resumes: {
    weight: 3,
    act: async ({ user }) => (await stack.api.post('/subscription/resume', { token: user.accessToken })).status === 200,
  },
  'gets a card without money': { weight: 4, act: (actor) => setCards(actor, 'insufficient_funds') },
  'gets a card that asks': { weight: 2, act: (actor) => setCards(actor, 'authenticates_always') },
  'gets a card that pays': { weight: 4, act: (actor) => setCards(actor, 'pays') },
  'pays the open invoice': {
    weight: 4,
    act: async (actor) => {
      const { data } = await stripe.invoices.list({ customer: await stack.customerOf(actor.user), status: 'open' });
      const invoice = pick(actor.random, data);
      return (
        invoice !== undefined &&
        stripe.invoices.pay(invoice.id, invoice.collection_method === 'send_invoice' ? { paid_out_of_band: true } : {})
      );
    },
  },
  'changes to the annual price': {
    weight: 2,
    act: async (actor) => {
      const live = await liveOf(actor);
      const [item] = live?.items.data ?? [];
      return live && item && stripe.subscriptions.update(live.id, { items: [{ id: item.id, price: PRO_ANNUAL_PRICE_ID }] });
    },
  },
  'subscribes with a coupon of 100 %': {
    weight: 3,
    act: async (actor) => {
      const customer = await stack.customerOf(actor.user);
      if (customer === '') return false;
      return stack.stripe.submit((await stack.stripe.checkout({ customer, discounts: [{ coupon: 'free' }] })).url ?? '');
    },
  },
  'is sent an invoice by staff': {
    weight: 2,
    act: async ({ user }) => {
      const customer = await stack.customerOf(user);
      if (customer === '') return false;
      return stripe.subscriptions.create({
        customer,
        items: [{ price: PRO_PRICE }],
        collection_method: 'send_invoice',
        days_until_due: 14,
      });
    },
  },
  'buys another product': {
    weight: 2,
    act: async ({ user }) => {
      const customer = await stack.customerOf(user);
      return customer !== '' && stripe.subscriptions.create({ customer, items: [{ price: otherPrice }] });
    },
  },
  'is refunded': {
    weight: 2,
    act: async (actor) => {
      const intent = pick(
        actor.random,
        (await intentsOf(actor)).filter(({ status }) => status === 'succeeded'),
      );
      if (!intent) return false;
      // An answer that is lost on the way leaves the refund made.
      refundedByStaff.add(intent.id);
      return stripe.refunds.create({ payment_intent: intent.id });
    },
  },
  'disputes a payment of any time': {
    weight: 3,
    act: async (actor) => {
      const intent = pick(
        actor.random,
        (await intentsOf(actor)).filter(({ status }) => status === 'succeeded'),
      );
      return intent && stack.stripe.control('POST', 'disputes', { payment_intent: intent.id });
    },
  },
  'has a dispute decided': {
    weight: 3,
    act: async (actor) => {
      const own = new Set((await intentsOf(actor)).map(({ id }) => id));
      const open = (await stripe.disputes.list({ limit: 100 })).data.filter(
        ({ payment_intent: intent, status }) => typeof intent === 'string' && own.has(intent) && !['won', 'lost'].includes(status),
      );
      const dispute = pick(actor.random, open);
      return dispute && stack.stripe.control('POST', `disputes/${dispute.id}/close`, { status: actor.random() < 0.5 ? 'won' : 'lost' });
    },
  },
  'has a payment that the bank decides': {
    weight: 3,
    act: async (actor) => {
      const intent = pick(
        actor.random,
        (await intentsOf(actor)).filter(({ status }) => status === 'processing'),
      );
      return (
        intent && stack.stripe.control('POST', `payments/${intent.id}/settle`, { outcome: actor.random() < 0.6 ? 'succeeds' : 'fails' })
      );
    },
  },
  'asks for the status': { weight: 2, act: ({ user }) => stack.status(user) },
};

async function subscribe({ user }: Actor, fields: Record<string, string>, price = 'monthly'): Promise<unknown> {
  const { status, body } = await stack.subscribe(user, { price });
  return status === 201 && stack.stripe.submit(body.checkout_url, fields);
}

async function setCards({ user }: Actor, behaviour: string): Promise<unknown> {
  const customer = await stack.customerOf(user);
  return customer !== '' && stack.stripe.control('POST', 'cards', { customer, behaviour });
}

const missing = (): string[] => Object.keys(ACTIONS).filter((name) => !happened.has(name));

async function act(actor: Actor, step: number): Promise<void> {
  // What the first half has not brought, such as a payment that a bank still decides on, becomes likely.
  const weighted = Object.entries(ACTIONS).map(([name, { weight, act: perform }]) => ({
    name,
    perform,
    weight: step <= STEPS / 2 || happened.has(name) ? weight : 20 * weight,
  }));
  let left = actor.random() * weighted.reduce((sum, { weight }) => sum + weight, 0);
  const { name, perform } = weighted.find(({ weight }) => (left -= weight) < 0) ?? { name: '', perform: () => Promise.resolve(false) };
  let done: unknown;
  try {
    done = await perform(actor);
  } catch (error) {
    // Stripe and its simulator refuse what does not apply, such as a refund of a disputed payment.
    done = false;
    actor.history.push(`${name}: ${error instanceof Error ? error.message.slice(0, 100) : ''}`);
  }
  if (done === false || done === undefined) return;
  actor.history.push(name);
  happened.set(name, (happened.get(name) ?? 0) + 1);
}

/** What the network and Stripe do to us during a step. */
async function trouble(random: () => number): Promise<void> {
  const mode = pick(random, ['normal', 'duplicate', 'doubled', 'shuffled', 'lost', 'lost'] as const);
  await stack.stripe.control('POST', 'webhooks/mode', { mode, delay_ms: 20 });
  if (random() < 0.5) return;
  const kind = pick(random, ['error', 'drop', 'error_after', 'drop_after', 'rate_limit'] as const);
  await stack.stripe.control('POST', 'faults', { kind, times: 1 + Math.floor(random() * 10) });
}

/**
 * The time of the database does not pass with Stripe's clock: what it would make due is made due, and what is lost is
 * fetched.
 */
async function catchUp(): Promise<void> {
  await stack.stripe.control('DELETE', 'faults');
  await stack.stripe.control('POST', 'webhooks/mode', { mode: 'normal' });
  await stack.settled(SETTLED_MS);
  await stack.worker.get(ReconciliationService, { strict: false }).reconcile();
  await stack.settled(SETTLED_MS);
  const started = new Date();
  await stack.sql(`UPDATE stripe_customers SET check_at = now(), synced_at = synced_at - interval '1 day' WHERE check_at IS NOT NULL`);
  for (;;) {
    const [left] = await stack.sql<{ count: number }>(
      `SELECT count(*)::int AS count FROM stripe_customers WHERE check_at IS NOT NULL AND (synced_at IS NULL OR synced_at < $1)`,
      [started],
    );
    if (left?.count === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await attemptOwedRefunds();
  await stack.settled(SETTLED_MS);
}

/** A refund that met a fault would wait a minute for its next attempt. One that waits for a bank goes on waiting. */
async function attemptOwedRefunds(): Promise<void> {
  const owed = await stack.sql<{ id: string; attempts: number }>(
    `WITH owed AS (UPDATE refunds SET due_at = now() WHERE settled_at IS NULL RETURNING id, attempts) SELECT id, attempts FROM owed`,
  );
  await until(
    'every refund that is owed was attempted',
    async () =>
      (
        await stack.sql(
          `SELECT 1 FROM refunds JOIN unnest($1::uuid[], $2::int[]) AS before (id, attempts) USING (id, attempts)
           WHERE settled_at IS NULL AND due_at < now() + interval '10 minutes'`,
          [owed.map(({ id }) => id), owed.map(({ attempts }) => attempts)],
        )
      ).length === 0,
    SETTLED_MS,
  );
}

/** The plan that the contract gives for what Stripe holds, told without any of our code. */
async function planAtStripe(actor: Actor, now: number): Promise<'basic' | 'pro'> {
  const customer = await stack.customerOf(actor.user);
  if (customer === '') return 'basic';
  const pro = (await subscriptionsOf(actor)).filter(isPro);
  for (const { id, status } of pro) {
    if (status === 'active' || status === 'trialing') return 'pro';
    if (status !== 'past_due') continue;
    const { data } = await stripe.invoices.list({ subscription: id, status: 'open' });
    if (now < Math.min(...data.map(({ created }) => created)) + GRACE) return 'pro';
  }
  return 'basic';
}

const isLost = async (charge: string): Promise<boolean> =>
  (await stripe.disputes.list({ charge })).data.some(({ status }) => status === 'lost');

/** What must hold of a customer's money, at any time when everything is settled. */
async function moneyFaults(actor: Actor): Promise<string[]> {
  const faults: string[] = [];
  const pro = (await stack.customerOf(actor.user)) === '' ? [] : (await subscriptionsOf(actor)).filter(isPro);
  const charged = pro.filter((one) => !hasEnded(one) && one.collection_method === 'charge_automatically');
  const collecting = charged.filter(({ status }) => status === 'active' || status === 'trialing' || status === 'past_due');
  let pending = 0;
  for (const subscription of pro) {
    const paid: { charge: Stripe.Charge; isForTheEnd: boolean; isLost: boolean; isByStaff: boolean }[] = [];
    const invoices = (await stripe.invoices.list({ subscription: subscription.id, limit: 100, expand: ['data.payments'] })).data;
    for (const invoice of invoices) {
      for (const { payment } of invoice.payments?.data ?? []) {
        const id = typeof payment.payment_intent === 'string' ? payment.payment_intent : payment.payment_intent?.id;
        if (id === undefined) continue;
        const { latest_charge: charge, status } = await stripe.paymentIntents.retrieve(id, { expand: ['latest_charge'] });
        if (status === 'processing') pending += 1;
        if (charge === null || typeof charge === 'string' || status !== 'succeeded') continue;
        const { start, end } = invoice.lines.data[0]?.period ?? { start: 0, end: 0 };
        const endedAt = subscription.ended_at ?? 0;
        paid.push({
          charge,
          isForTheEnd: start <= endedAt && endedAt < end,
          isLost: charge.disputed && (await isLost(charge.id)),
          isByStaff: refundedByStaff.has(id),
        });
      }
    }
    for (const { charge, isLost: isOver, isByStaff } of hasEnded(subscription) ? [] : paid) {
      if (isOver) faults.push(`${subscription.id} goes on after a lost dispute of ${charge.id}`);
      if (charge.refunded && !isByStaff) faults.push(`${charge.id} was given back, and ${subscription.id} goes on`);
    }
    // No payer ends a subscription within a period, so that this one was ended for another one, unless staff or the
    // bank took the money back, or the payer did not pay. What was paid for earlier periods was had.
    const isForAnother =
      hasEnded(subscription) &&
      subscription.cancellation_details?.reason === 'cancellation_requested' &&
      !paid.some(({ isLost: isOver, isByStaff }) => isOver || isByStaff);
    for (const { charge, isForTheEnd } of isForAnother ? paid : [])
      if (isForTheEnd && !charge.refunded && !charge.disputed) faults.push(`${charge.id} paid for the duplicate ${subscription.id}`);
  }
  if (collecting.length - pending > 1) faults.push(`${collecting.map(({ id, status }) => `${id} (${status})`).join(', ')} are charged for`);
  return faults;
}

test(
  `${USERS} histories of ${STEPS} steps end in what Stripe holds, and every payment is accounted for`,
  async () => {
    const world = randomFrom(SEED);
    const actors: Actor[] = [];
    for (let n = 0; n < USERS; n += 1) actors.push({ user: await stack.api.signUp(), random: randomFrom(SEED + 1 + n), history: [] });
    const lane = pLimit(8);
    // Each kind of event has to happen, so that the test says something about it.
    for (let step = 1; step <= STEPS || (missing().length > 0 && step <= 3 * STEPS); step += 1) {
      await trouble(world);
      await Promise.all(actors.map((actor) => lane(() => act(actor, step))));
      const by = pick(world, ['1h', '6h', '1d', '2d', '4d', '9d', '17d', '31d']) ?? '1d';
      await stack.stripe.control('POST', 'clock', { by });
      await catchUp();
      const { unix: now } = await stack.stripe.control<{ unix: number }>('GET', 'clock');
      await Promise.all(
        actors.map((actor) =>
          lane(async () => {
            actor.history.push(`— step ${step}, ${by} pass`);
            const { plan, status } = (await stack.status(actor.user)).body;
            const expected = await planAtStripe(actor, now);
            const faults = plan === expected ? [] : [`the plan is ${plan} (${status}), and Stripe says ${expected}`];
            if (step % 5 === 0) faults.push(...(await moneyFaults(actor)));
            if (faults.length > 0)
              throw new Error(`seed ${SEED}, user ${actor.user.username}: ${faults.join('; ')}\n${actor.history.join('\n')}`);
          }),
        ),
      );
    }
    expect(missing()).toEqual([]);
  },
  (isFullSize ? 90 : 15) * 60_000,
);
