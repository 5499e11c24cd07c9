import type { TestUser } from '../support/api.js';
import { type BillingStack, startBilling } from '../support/billing.js';
import { until } from '../support/until.js';

let stack: BillingStack;

beforeAll(async () => {
  stack = await startBilling({ SWEEP_INTERVAL: '200ms' });
});

afterAll(async () => {
  await stack.close();
});

afterEach(async () => {
  await stack.stripe.control('DELETE', 'faults');
  await stack.stripe.control('POST', 'webhooks/mode', { mode: 'normal' });
});

const DAY_MS = 86_400_000;

const planOf = async (user: TestUser): Promise<string> => (await stack.status(user)).body.plan;

const payer = async (fields?: Record<string, string>): Promise<TestUser> => {
  const user = await stack.api.signUp();
  await stack.pay(user, fields);
  return user;
};

/** Lets Stripe's time pass, and what follows from it arrive. */
const pass = async (by: string): Promise<void> => {
  await stack.stripe.pass(by);
  await stack.settled();
};

const paymentOf = async (user: TestUser): Promise<string> => {
  const [intent] = (await stack.stripe.stripe.paymentIntents.list({ customer: await stack.customerOf(user) })).data;
  return intent?.id ?? '';
};

/** A second subscription of the same customer, through a page that our own checkout knows nothing of. */
const buyAgain = async (user: TestUser): Promise<void> => {
  const session = await stack.stripe.checkout({ customer: await stack.customerOf(user) });
  await stack.stripe.submit(session.url ?? '');
};

describe('Time', () => {
  it('renews what is paid, and ends what is cancelled', async () => {
    const [renewing, cancelled] = [await payer(), await payer()];
    await stack.api.post('/subscription/cancel', { token: cancelled.accessToken });
    await pass('31d');
    expect((await stack.status(renewing)).body).toMatchObject({ plan: 'pro', status: 'active', cancel_at_period_end: false });
    // Stripe's time is a month ahead; what has 29 days to go there has 29 days to go here.
    const { active_until: until } = (await stack.status(renewing)).body;
    expect(Math.abs(Date.parse(until ?? '') - Date.now() - 29 * DAY_MS)).toBeLessThan(120_000);
    expect((await stack.status(cancelled)).body).toMatchObject({ plan: 'basic', status: 'canceled', active_until: null });
    expect(await stack.causesOf(cancelled)).toEqual(['stripe', 'stripe', 'stripe']);
  });

  it('past the grace ends what is not paid, and a late payment brings it back', async () => {
    const user = await payer();
    await stack.stripe.control('POST', 'cards', { customer: await stack.customerOf(user), behaviour: 'insufficient_funds' });
    await pass('31d');
    expect((await stack.status(user)).body).toMatchObject({ plan: 'pro', status: 'past_due' });
    const { active_until: end } = (await stack.status(user)).body;
    // Three days from when it was due, a day of which is over.
    expect(Math.abs(Date.parse(end ?? '') - Date.now() - 2 * DAY_MS)).toBeLessThan(120_000);
    expect((await stack.subscribe(user)).status).toBe(409);

    await pass('3d');
    expect((await stack.status(user)).body).toMatchObject({ plan: 'basic', status: 'past_due', active_until: null });

    await stack.stripe.control('POST', 'cards', { customer: await stack.customerOf(user), behaviour: 'pays' });
    await pass('6d');
    expect((await stack.status(user)).body).toMatchObject({ plan: 'pro', status: 'active' });
  });

  it('ends what Stripe gives up on', async () => {
    const user = await payer();
    await stack.stripe.control('POST', 'cards', { customer: await stack.customerOf(user), behaviour: 'generic_decline' });
    await pass('50d');
    expect((await stack.status(user)).body).toMatchObject({ plan: 'basic', status: 'canceled' });
    expect((await stack.subscribe(user)).status).toBe(201);
  });

  it('ends Pro at the second without any event', async () => {
    const user = await payer();
    await stack.stripe.control('POST', 'webhooks/mode', { mode: 'lost' });
    await stack.settled();
    await stack.sql(`UPDATE stripe_customers SET check_at = NULL WHERE user_id = $1`, [user.id]);
    const [row] = await stack
      .sql<{ entitled_until: Date }>(
        `UPDATE subscriptions SET entitled_until = now() + interval '2 seconds' WHERE user_id = $1 RETURNING entitled_until`,
        [user.id],
      )
      .then(([rows]) => rows as unknown as { entitled_until: Date }[]);
    const end = row?.entitled_until.getTime() ?? 0;
    for (;;) {
      const asked = Date.now();
      const plan = await planOf(user);
      if (Date.now() < end) expect(plan).toBe('pro');
      if (asked >= end) {
        expect(plan).toBe('basic');
        break;
      }
    }
    await stack.stripe.control('POST', 'webhooks/mode', { mode: 'normal' });
  });

  it('has a customer looked at whose period is over, though no event came', async () => {
    const user = await payer();
    await stack.stripe.control('POST', 'webhooks/mode', { mode: 'lost' });
    await stack.api.post('/subscription/cancel', { token: user.accessToken });
    await stack.stripe.pass('31d');
    await stack.stripe.control('POST', 'webhooks/mode', { mode: 'normal' });
    expect(await planOf(user)).toBe('pro');
    await stack.sql(`UPDATE stripe_customers SET check_at = now() WHERE user_id = $1`, [user.id]);
    await until('the end is noticed', async () => (await planOf(user)) === 'basic');
    expect((await stack.status(user)).body.status).toBe('canceled');
  });
});

describe('Money that goes back', () => {
  it('in full ends the subscription, in part does not', async () => {
    const user = await payer();
    await stack.stripe.stripe.refunds.create({ payment_intent: await paymentOf(user), amount: 500 });
    await stack.settled();
    expect((await stack.status(user)).body).toMatchObject({ plan: 'pro', status: 'active' });
    await stack.stripe.stripe.refunds.create({ payment_intent: await paymentOf(user) });
    await until('Pro is over', async () => (await planOf(user)) === 'basic');
    await stack.settled();
    expect((await stack.subscriptionsOf(user)).map(({ status }) => status)).toEqual(['canceled']);
    expect(await stack.causesOf(user)).toEqual(['stripe', 'refunded']);
  });

  it('ends it when a dispute is lost, not when it is opened or won', async () => {
    const [lost, won] = [await payer(), await payer()];
    const dispute = async (user: TestUser) =>
      (await stack.stripe.control<{ id: string }>('POST', 'disputes', { payment_intent: await paymentOf(user) })).id;
    const [lostId, wonId] = [await dispute(lost), await dispute(won)];
    await stack.settled();
    expect([await planOf(lost), await planOf(won)]).toEqual(['pro', 'pro']);
    await stack.stripe.control('POST', `disputes/${lostId}/close`, { status: 'lost' });
    await stack.stripe.control('POST', `disputes/${wonId}/close`, { status: 'won' });
    await until('Pro is over', async () => (await planOf(lost)) === 'basic');
    await stack.settled();
    expect(await planOf(won)).toBe('pro');
    expect(await stack.causesOf(lost)).toEqual(['stripe', 'dispute_lost']);
  });

  it('of an earlier period changes nothing', async () => {
    const user = await payer();
    const first = await paymentOf(user);
    await pass('31d');
    await stack.stripe.stripe.refunds.create({ payment_intent: first });
    await stack.settled();
    expect((await stack.status(user)).body).toMatchObject({ plan: 'pro', status: 'active' });
  });

  it('of a bank that pays later is waited for, and if it never comes there is no Pro', async () => {
    const [paying, failing] = [await stack.api.signUp(), await stack.api.signUp()];
    for (const [user, iban] of [
      [paying, 'succeeds'],
      [failing, 'fails'],
    ] as const) {
      const { body } = await stack.subscribe(user);
      await stack.stripe.submit(body.checkout_url, { method: 'bank', account: iban });
      await until('Stripe has the subscription', async () => (await stack.status(user)).body.status === 'active');
    }
    for (const [user, outcome] of [
      [paying, 'succeeds'],
      [failing, 'fails'],
    ] as const) {
      await stack.stripe.control('POST', `payments/${await paymentOf(user)}/settle`, { outcome });
    }
    await until('the bank’s no arrives', async () => (await planOf(failing)) === 'basic');
    await stack.settled();
    expect((await stack.status(paying)).body).toMatchObject({ plan: 'pro', status: 'active' });
    expect((await stack.status(failing)).body).toMatchObject({ plan: 'basic', status: 'canceled' });
    expect(await stack.causesOf(failing)).toEqual(['stripe', 'first_payment_failed']);
  });
});

describe('A second subscription', () => {
  it('that was paid is given back and cancelled, and the first goes on', async () => {
    const user = await payer();
    const [first] = await stack.subscriptionsOf(user);
    await buyAgain(user);
    await until('one is left', async () => (await stack.subscriptionsOf(user)).filter(({ status }) => status === 'active').length === 1);
    await stack.settled();
    const [second, kept] = await stack.subscriptionsOf(user);
    expect([kept?.id, kept?.status, second?.status]).toEqual([first?.id, 'active', 'canceled']);
    const { data: charges } = await stack.stripe.stripe.charges.list({ customer: await stack.customerOf(user) });
    expect(charges.map(({ refunded }) => refunded)).toEqual([true, false]);
    expect((await stack.status(user)).body).toMatchObject({ plan: 'pro', status: 'active' });
    expect((await stack.causesOf(user)).filter((cause) => cause !== 'stripe')).toEqual(['duplicate']);
  });

  it('replaces one whose renewal waits for its payer, who can no longer pay for both', async () => {
    const user = await payer();
    await stack.stripe.control('POST', 'cards', { customer: await stack.customerOf(user), behaviour: 'authenticates_always' });
    await stack.stripe.pass('31d');
    await stack.settled();
    const statuses = async () => (await stack.subscriptionsOf(user)).map(({ status }) => status);
    expect(await statuses()).toEqual(['past_due']);
    await buyAgain(user);
    await until('the first has ended', async () => (await statuses()).includes('canceled'));
    await stack.settled();
    expect(await statuses()).toEqual(['active', 'canceled']);
    const { data: open } = await stack.stripe.stripe.invoices.list({ customer: await stack.customerOf(user), status: 'open' });
    expect(open).toEqual([]);
    expect((await stack.status(user)).body).toMatchObject({ plan: 'pro', status: 'active', open_invoice: null });
    expect((await stack.causesOf(user)).filter((cause) => cause !== 'stripe')).toEqual(['duplicate']);
  });

  it('is given back also when Stripe fails in the middle of it', async () => {
    const user = await payer();
    await stack.stripe.control('POST', 'faults', { kind: 'error_after', method: 'POST', path: '/v1/refunds', times: 3 });
    await stack.stripe.control('POST', 'faults', { kind: 'drop', method: 'DELETE', path: '/v1/subscriptions', times: 3 });
    await buyAgain(user);
    await until('one is left', async () => (await stack.subscriptionsOf(user)).filter(({ status }) => status === 'active').length === 1);
    await stack.settled();
    const { data: refunds } = await stack.stripe.stripe.refunds.list({ payment_intent: await paymentOf(user) });
    expect(refunds).toHaveLength(1);
  });

  it('that was paid for another period while it was being cancelled is given back too', async () => {
    const user = await payer();
    await stack.settled();
    await stack.stripe.control('POST', 'webhooks/mode', { mode: 'lost' });
    // Nor does a look that was due find the second subscription before the test has cancelled it.
    await stack.sql(`UPDATE stripe_customers SET check_at = NULL WHERE user_id = $1`, [user.id]);
    await buyAgain(user);
    await stack.stripe.control('POST', 'webhooks/mode', { mode: 'normal' });
    // What Stripe holds after a worker that knew of an earlier payment has cancelled it.
    const [second] = await stack.subscriptionsOf(user);
    await stack.stripe.stripe.subscriptions.cancel(second?.id ?? '', {
      cancellation_details: { comment: 'Ended by the backend: duplicate' },
    });
    const isGivenBack = async () => {
      const { data } = await stack.stripe.stripe.charges.list({ customer: await stack.customerOf(user) });
      return JSON.stringify(data.map(({ refunded }) => refunded)) === '[true,false]';
    };
    await until('it is given back', isGivenBack);
    expect((await stack.status(user)).body).toMatchObject({ plan: 'pro', status: 'active' });
  });

  it('whose payment Stripe does not let us give back is cancelled all the same', async () => {
    const user = await payer();
    await stack.stripe.submit((await stack.stripe.checkout({ customer: await stack.customerOf(user) })).url ?? '', {
      number: '4000 0000 0000 0259',
    });
    await until('one is left', async () => (await stack.subscriptionsOf(user)).filter(({ status }) => status === 'active').length === 1);
    await stack.settled();
    expect((await stack.subscriptionsOf(user)).map(({ status }) => status)).toEqual(['canceled', 'active']);
    expect((await stack.status(user)).body).toMatchObject({ plan: 'pro', status: 'active' });
    expect((await stack.causesOf(user)).filter((cause) => cause !== 'stripe')).toEqual(['duplicate']);
  });

  it('cannot be bought on a page that was left open', async () => {
    const user = await stack.api.signUp();
    const { body } = await stack.subscribe(user);
    await buyAgain(user);
    await until(
      'the other page is closed',
      async () => (await stack.stripe.stripe.checkout.sessions.retrieve(body.session_id)).status === 'expired',
    );
    await until('the payer has Pro', async () => (await planOf(user)) === 'pro');
  });
});

describe('Events', () => {
  it('twice, out of order and late end in what Stripe says', async () => {
    const users = [await stack.api.signUp(), await stack.api.signUp(), await stack.api.signUp()];
    for (const [i, mode] of (['doubled', 'shuffled', 'delayed'] as const).entries()) {
      await stack.stripe.control('POST', 'webhooks/mode', { mode });
      const user = users[i];
      if (!user) throw new Error('three users');
      await stack.pay(user);
      await stack.api.post('/subscription/cancel', { token: user.accessToken });
      await stack.stripe.control('POST', 'webhooks/settle', {});
      await stack.settled();
      expect((await stack.status(user)).body).toMatchObject({ plan: 'pro', status: 'active', cancel_at_period_end: true });
    }
    await stack.stripe.control('POST', 'webhooks/mode', { mode: 'normal' });
  });

  it('of a slow look never overwrite what a later look has found', async () => {
    const user = await payer();
    await stack.settled();
    // The event of the cancellation has a worker ask Stripe; the answer is on its way for two seconds and is old when
    // it comes.
    await stack.stripe.control('POST', 'faults', { kind: 'slow', method: 'GET', path: '/v1/charges', times: 1, latency_ms: 2_000 });
    await stack.stripe.stripe.subscriptions.update((await stack.subscriptionsOf(user))[0]?.id ?? '', { cancel_at_period_end: true });
    const isMet = async () => (await stack.stripe.control<{ data: unknown[] }>('GET', 'faults')).data.length === 0;
    await until('the slow look is under way', isMet, 20_000);
    const resumed = await stack.api.post('/subscription/resume', { token: user.accessToken });
    expect(resumed.body).toMatchObject({ plan: 'pro', cancel_at_period_end: false });
    // The slow one ends too, and with it the work on its event.
    await stack.settled();
    expect((await stack.status(user)).body).toMatchObject({ plan: 'pro', cancel_at_period_end: false });
  });
});

describe('Erasure', () => {
  const erase = (user: TestUser) => stack.api.delete('/user/me', { token: user.accessToken, body: { password: user.password } });

  it('cancels at Stripe, also when Stripe is away at that moment', async () => {
    const user = await payer();
    const [subscription] = await stack.subscriptionsOf(user);
    const customer = await stack.customerOf(user);
    await stack.settled();
    await stack.stripe.control('POST', 'faults', { kind: 'drop', method: 'DELETE', path: '/v1/customers', times: 4 });
    expect((await erase(user)).status).toBe(204);
    expect(await stack.sql(`SELECT stripe_customer_id FROM customer_closures WHERE closed_at IS NULL`)).toEqual([
      { stripe_customer_id: customer },
    ]);
    await until(
      'Stripe has let go',
      async () => (await stack.stripe.stripe.subscriptions.retrieve(subscription?.id ?? '')).status === 'canceled',
    );
    expect(await stack.stripe.stripe.customers.retrieve(customer)).toMatchObject({ deleted: true });
    await until(
      'nothing is left to do',
      async () => (await stack.sql(`SELECT 1 FROM customer_closures WHERE closed_at IS NULL`)).length === 0,
    );
  });

  it('leaves nothing of what events said, those that come afterwards included', async () => {
    const user = await stack.api.signUp({ username: 'planted.payer', email: 'planted-payer@example.com' });
    await stack.pay(user, { email: 'planted-payer@example.com', name: 'planted-payer' });
    const customer = await stack.customerOf(user);
    await stack.stripe.control('POST', 'disputes', { payment_intent: await paymentOf(user) });
    await stack.settled();
    const events = () =>
      stack.sql<{ type: string; payload: { type: string } | null }>(
        `SELECT type, payload FROM stripe_events WHERE stripe_customer_id = $1`,
        [customer],
      );
    const before = await events();
    expect(before.map(({ payload }) => payload?.type)).toEqual(before.map(({ type }) => type));
    expect(before.map(({ type }) => type)).toContain('charge.dispute.created');
    expect((await erase(user)).status).toBe(204);
    const said = () =>
      stack.sql(`SELECT type FROM stripe_events WHERE payload::text ~ 'planted.payer' OR payload::text LIKE $1`, [`%${customer}%`]);
    expect(await said()).toEqual([]);
    await until('Stripe tells of its end', async () => (await events()).some(({ type }) => type === 'customer.deleted'));
    await stack.settled();
    expect((await events()).length).toBeGreaterThan(before.length);
    expect(await said()).toEqual([]);
  });

  it('closes the payment page that is open', async () => {
    const user = await stack.api.signUp();
    const { body } = await stack.subscribe(user);
    expect((await erase(user)).status).toBe(204);
    await until('it is closed', async () => (await stack.stripe.stripe.checkout.sessions.retrieve(body.session_id)).status === 'expired');
  });

  it('ends the requests that are under way as it ends sessions', async () => {
    const user = await stack.api.signUp();
    await stack.subscribe(user);
    await stack.sql(`UPDATE checkouts SET status = 'expired' WHERE user_id = $1`, [user.id]);
    // The customer stays for as long as the page takes.
    await stack.stripe.control('POST', 'faults', { kind: 'drop', method: 'DELETE', path: '/v1/customers', times: 1_000 });
    const slow = { kind: 'slow', method: 'POST', path: '/v1/checkout/sessions', times: 1, latency_ms: 2_000 };
    await stack.stripe.control('POST', 'faults', slow);
    const opening = stack.subscribe(user, undefined, { 'idempotency-key': 'never kept' });
    const isMet = async () => (await stack.stripe.control<{ data: unknown[] }>('GET', 'faults')).data.length === 1;
    await until('the page is being opened', isMet);
    expect((await erase(user)).status).toBe(204);
    expect(await opening).toMatchObject({ status: 401, body: { code: 'session_ended' } });
  });

  it('has its counterpart in an export with the invoices, which is refused when they cannot be had', async () => {
    const user = await payer();
    await stack.settled();
    const { body } = await stack.api.get<Record<string, unknown[]>>('/user/me/export', { token: user.accessToken });
    expect(body).toMatchObject({
      subscriptions: [{ status: 'active' }],
      subscription_transitions: [{ cause: 'stripe', before: null, after: { status: 'active' } }],
      stripe_customers: [{ stripe_customer_id: await stack.customerOf(user) }],
      checkouts: [{ status: 'complete' }],
      invoices: [{ status: 'paid', amount_paid: 999, currency: 'usd' }],
    });
    expect(body['stripe_events']).toContainEqual(expect.objectContaining({ payload: expect.objectContaining({ type: 'invoice.paid' }) }));
    await stack.stripe.control('POST', 'faults', { kind: 'drop', path: '/v1/invoices', times: 'always' });
    expect(await stack.api.get('/user/me/export', { token: user.accessToken })).toMatchObject({
      status: 503,
      body: { code: 'billing_unavailable' },
    });
  });
});
