import fc from 'fast-check';
import type Stripe from 'stripe';
import { ReconciliationService } from '../../../src/modules/billing/worker/reconciliation.service.js';
import type { TestUser } from '../../support/api.js';
import { type BillingStack, startBilling, whatStripeHolds } from '../../support/billing.js';
import { isFullSize } from '../../support/full-size.js';

const RUNS = isFullSize ? 50 : 5;

let stack: BillingStack;
let stripe: Stripe;

beforeAll(async () => {
  stack = await startBilling();
  ({ stripe } = stack.stripe);
});

afterAll(async () => {
  await stack.close();
});

const live = async (user: TestUser): Promise<string | undefined> =>
  (await stack.subscriptionsOf(user)).find(({ status }) => status !== 'canceled')?.id;

const onLive = (work: (id: string) => Promise<unknown>) => async (user: TestUser) => {
  const id = await live(user);
  // What a worker has ended meanwhile cannot be changed any more.
  if (id !== undefined) await work(id).catch(() => undefined);
};

/** What people, banks and the time do, while workers look at what they did before. */
const ACTIONS: Readonly<Record<string, (user: TestUser) => Promise<unknown>>> = {
  'buys at Stripe': async (user) => {
    const session = await stack.stripe.checkout({ customer: await stack.customerOf(user) });
    await stack.stripe.submit(session.url ?? '');
  },
  'cancels here': (user) => stack.api.post('/subscription/cancel', { token: user.accessToken }),
  'resumes here': (user) => stack.api.post('/subscription/resume', { token: user.accessToken }),
  'cancels in the portal': onLive((id) => stripe.subscriptions.update(id, { cancel_at_period_end: true })),
  'resumes in the portal': onLive((id) => stripe.subscriptions.update(id, { cancel_at_period_end: false })),
  'is cancelled at once': onLive((id) => stripe.subscriptions.cancel(id)),
  'is refunded': async (user) => {
    const [intent] = (await stripe.paymentIntents.list({ customer: await stack.customerOf(user) })).data;
    if (intent) await stripe.refunds.create({ payment_intent: intent.id }).catch(() => undefined);
  },
  'has a card that fails': async (user) => {
    await stack.stripe
      .control('POST', 'cards', { customer: await stack.customerOf(user), behaviour: 'generic_decline' })
      .catch(() => undefined);
  },
  'lets a month pass': () => stack.stripe.pass('31d'),
};

it('whatever happens while events are on their way, doubled, shuffled or lost, ends in what Stripe holds', async () => {
  const actions = fc.array(fc.constantFrom(...Object.keys(ACTIONS)), { minLength: 2, maxLength: 7 });
  const mode = fc.constantFrom('normal', 'doubled', 'shuffled', 'delayed', 'lost');
  await fc.assert(
    fc.asyncProperty(mode, actions, async (mode, names) => {
      const user = await stack.api.signUp();
      await stack.stripe.control('POST', 'webhooks/mode', { mode, delay_ms: 50 });
      const { body } = await stack.subscribe(user);
      await stack.stripe.submit(body.checkout_url);
      for (const name of names) await ACTIONS[name]?.(user);
      if (mode === 'lost') await stack.worker.get(ReconciliationService, { strict: false }).reconcile();
      await stack.stripe.control('POST', 'webhooks/mode', { mode: 'normal' });
      await stack.settled();
      // What was put right at Stripe has events of its own.
      await stack.settled();
      const { plan, status, cancel_at_period_end } = (await stack.status(user)).body;
      expect({ plan, status, cancel_at_period_end }).toEqual(await whatStripeHolds(stack.stripe, await stack.customerOf(user)));
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
});
