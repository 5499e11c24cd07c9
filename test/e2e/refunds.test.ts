import type { Actor } from '../../src/common/actor.js';
import { UserGoneError } from '../../src/database/database.errors.js';
import { CheckoutsService } from '../../src/modules/billing/checkouts.service.js';
import { signUpAdministrator } from '../support/administrator.js';
import type { TestUser } from '../support/api.js';
import { type BillingStack, startBilling } from '../support/billing.js';
import { holdTransaction } from '../support/held-transaction.js';
import { SESSION_ENDED } from '../support/problem.js';
import { until } from '../support/until.js';

let stack: BillingStack;

beforeAll(async () => {
  stack = await startBilling({ SWEEP_INTERVAL: '200ms', LOG_LEVEL: 'silent' });
});

afterAll(async () => {
  await stack.close();
});

afterEach(async () => {
  await stack.stripe.control('DELETE', 'faults');
});

interface Refund {
  readonly id: string;
  readonly status: string;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly stripe_refund_id: string | null;
}

const refundOf = async (customer: string): Promise<Refund | undefined> =>
  (
    await stack.sql<Refund>(`SELECT id, status, attempts, last_error, stripe_refund_id FROM refunds WHERE stripe_customer_id = $1`, [
      customer,
    ])
  )[0];

const isRefunded = async (customer: string): Promise<boolean> =>
  (await stack.stripe.stripe.charges.list({ customer })).data.some(({ refunded }) => refunded);

const erase = (user: TestUser) => stack.api.delete('/user/me', { token: user.accessToken, body: { password: user.password } });

const isClosed = async (customer: string): Promise<boolean> =>
  (await stack.sql(`SELECT 1 FROM customer_closures WHERE stripe_customer_id = $1 AND closed_at IS NOT NULL`, [customer])).length === 1;

const makeDue = (customer: string) =>
  Promise.all([
    stack.sql(`UPDATE refunds SET due_at = now() WHERE stripe_customer_id = $1`, [customer]),
    stack.sql(`UPDATE customer_closures SET due_at = now() WHERE stripe_customer_id = $1`, [customer]),
  ]);

/** A user whose second subscription was paid and has to be given back. */
async function payTwice(user?: TestUser): Promise<string> {
  const payer = user ?? (await stack.api.signUp());
  await stack.pay(payer);
  const customer = await stack.customerOf(payer);
  await stack.stripe.submit((await stack.stripe.checkout({ customer })).url ?? '');
  return customer;
}

describe('A refund', () => {
  it('that Stripe refuses is owed, seen by administrators, and asked for again under another key', async () => {
    await stack.stripe.control('POST', 'faults', { kind: 'refuse', method: 'POST', path: '/v1/refunds' });
    const customer = await payTwice();
    await until('it is owed', async () => (await refundOf(customer))?.attempts === 1);
    expect(await refundOf(customer)).toMatchObject({ status: 'owed', last_error: expect.stringContaining('Stripe refused') });
    const admin = await signUpAdministrator(stack.api);
    const { body } = await stack.api.get<{ data: object[] }>('/admin/refunds?status=owed', { token: admin.accessToken });
    expect(body.data).toContainEqual(
      expect.objectContaining({ stripe_customer_id: customer, reason: 'duplicate', status: 'owed', attempts: 1, settled_at: null }),
    );
    await makeDue(customer);
    await until('it is refunded', async () => (await refundOf(customer))?.status === 'refunded');
    expect(await isRefunded(customer)).toBe(true);
  });

  it('is part of the personal export', async () => {
    const [user, other] = [await stack.api.signUp(), await stack.api.signUp()];
    const customer = await payTwice(user);
    await until('it is refunded', async () => (await refundOf(customer))?.status === 'refunded');
    const { body } = await stack.api.get<Record<string, object[]>>('/user/me/export', { token: user.accessToken });
    const { id, stripe_refund_id } = (await refundOf(customer)) ?? {};
    expect(body['refunds']).toEqual([
      {
        id,
        payment_intent_id: expect.stringMatching(/^pi_/),
        stripe_customer_id: customer,
        reason: 'duplicate',
        status: 'refunded',
        stripe_refund_id,
        created_at: expect.any(String),
        settled_at: expect.any(String),
      },
    ]);
    expect((await stack.api.get<Record<string, object[]>>('/user/me/export', { token: other.accessToken })).body['refunds']).toEqual([]);
  });

  it('that fails at the bank later is owed again, and a new one is made', async () => {
    const customer = await payTwice();
    await until('it is refunded', async () => (await refundOf(customer))?.status === 'refunded');
    const first = (await refundOf(customer))?.stripe_refund_id ?? '';
    await stack.stripe.control('POST', `refunds/${first}`, { status: 'failed' });
    await until('it is owed again', async () => (await refundOf(customer))?.attempts === 1);
    await makeDue(customer);
    await until('it is refunded again', async () => (await refundOf(customer))?.status === 'refunded');
    expect((await refundOf(customer))?.stripe_refund_id).not.toBe(first);
    expect(await isRefunded(customer)).toBe(true);
  });
});

describe('Money paid for an account that is gone', () => {
  it('on a page that was open is given back', async () => {
    const user = await stack.api.signUp();
    const { body } = await stack.subscribe(user);
    const customer = await stack.customerOf(user);
    // Stripe is away for us while the payer pays.
    await stack.stripe.control('POST', 'faults', { kind: 'error', method: 'GET', path: '/v1/checkout/sessions', times: 6 });
    expect((await erase(user)).status).toBe(204);
    await stack.stripe.submit(body.checkout_url);
    await stack.stripe.control('DELETE', 'faults');
    await makeDue(customer);
    await until('it is given back', () => isRefunded(customer));
    await makeDue(customer);
    await until('the closure is done', () => isClosed(customer), 20_000);
    expect(await stack.stripe.stripe.customers.retrieve(customer)).toMatchObject({ deleted: true });
    expect(await refundOf(customer)).toMatchObject({ status: 'refunded' });
  });

  it('by a bank debit that settles later is given back, and the closure is open until then', async () => {
    const user = await stack.api.signUp();
    const { body } = await stack.subscribe(user);
    const customer = await stack.customerOf(user);
    await stack.stripe.submit(body.checkout_url, { method: 'bank', account: 'succeeds' });
    await until('Stripe has the subscription', async () => (await stack.status(user)).body.status === 'active');
    const [intent] = (await stack.stripe.stripe.paymentIntents.list({ customer })).data;
    // What a bank decides on cannot be called back.
    await stack.stripe.control('POST', 'faults', { kind: 'refuse', method: 'POST', path: '/v1/invoices', times: 'always' });
    expect((await erase(user)).status).toBe(204);
    await until('the customer is deleted', async () => (await stack.stripe.stripe.customers.retrieve(customer)).deleted === true);
    await until('it is owed', async () => (await refundOf(customer))?.status === 'owed');
    expect(await isClosed(customer)).toBe(false);
    await stack.stripe.control('POST', `payments/${intent?.id ?? ''}/settle`, { outcome: 'succeeds' });
    await makeDue(customer);
    await until('it is given back', () => isRefunded(customer));
    // A bank decides on the refund of a debit, too.
    const refund = (await stack.stripe.stripe.refunds.list({ payment_intent: intent?.id ?? '' })).data[0];
    if (refund?.status === 'pending') await stack.stripe.control('POST', `refunds/${refund.id}`, { status: 'succeeded' });
    await makeDue(customer);
    await until('the refund is settled', async () => (await refundOf(customer))?.status === 'refunded');
    await makeDue(customer);
    await until('the closure is done', () => isClosed(customer));
  });

  /** A user who began a bank debit an hour ago. */
  async function payByDebit() {
    const user = await stack.api.signUp();
    const { body } = await stack.subscribe(user);
    const customer = await stack.customerOf(user);
    await stack.stripe.submit(body.checkout_url, { method: 'bank', account: 'succeeds' });
    await until('Stripe has the subscription', async () => (await stack.status(user)).body.status === 'active');
    const [intent] = (await stack.stripe.stripe.paymentIntents.list({ customer })).data;
    await stack.stripe.pass('1h');
    return { user, customer, settle: () => stack.stripe.control('POST', `payments/${intent?.id ?? ''}/settle`, { outcome: 'succeeds' }) };
  }

  it('by a bank debit that was begun before and settles before Stripe is first asked is given back', async () => {
    const { user, customer, settle } = await payByDebit();
    await stack.stripe.control('POST', 'faults', { kind: 'error', path: '/v1/customers', times: 'always' });
    expect((await erase(user)).status).toBe(204);
    await settle();
    await stack.stripe.control('DELETE', 'faults');
    await makeDue(customer);
    await until('it is given back', () => isRefunded(customer));
    expect(await refundOf(customer)).toMatchObject({ attempts: 0 });
  });

  it('by a bank debit that settled before the account went is kept', async () => {
    const { user, customer, settle } = await payByDebit();
    await settle();
    await stack.settled();
    await stack.stripe.pass('1h');
    expect((await erase(user)).status).toBe(204);
    await until('the closure is done', () => isClosed(customer));
    expect(await refundOf(customer)).toBeUndefined();
  });

  /** A user whose renewal failed, and the address at which its invoice can be paid. */
  async function fallOverdue() {
    const user = await stack.api.signUp();
    await stack.pay(user);
    const customer = await stack.customerOf(user);
    await stack.stripe.control('POST', 'cards', { customer, behaviour: 'insufficient_funds' });
    await stack.stripe.pass('31d');
    await stack.settled();
    const [invoice] = (await stack.stripe.stripe.invoices.list({ customer, status: 'open' })).data;
    return { user, customer, invoice: invoice?.id ?? '', address: invoice?.hosted_invoice_url ?? '' };
  }

  it('cannot be paid for an invoice that was open', async () => {
    const { user, customer, invoice, address } = await fallOverdue();
    expect((await erase(user)).status).toBe(204);
    await until('the closure is done', () => isClosed(customer));
    expect((await stack.stripe.stripe.invoices.retrieve(invoice)).status).toBe('void');
    await stack.stripe.submit(address);
    expect((await stack.stripe.stripe.charges.list({ customer })).data.map(({ paid }) => paid)).toEqual([false, true]);
  });

  it('after its customer was deleted at Stripe is given back', async () => {
    const { user, customer, address } = await fallOverdue();
    // A payment is under way, so that Stripe does not void the invoice.
    await stack.stripe.control('POST', 'faults', { kind: 'refuse', method: 'POST', path: '/v1/invoices', times: 'always' });
    expect((await erase(user)).status).toBe(204);
    await until('the closure is done', () => isClosed(customer));
    await stack.stripe.control('DELETE', 'faults');
    await stack.stripe.submit(address);
    await until('it is given back', () => isRefunded(customer));
    await until('the closure is done again', () => isClosed(customer));
    expect(await stack.sql(`SELECT reason, status FROM refunds WHERE stripe_customer_id = $1`, [customer])).toEqual([
      { reason: 'account_closed', status: 'refunded' },
    ]);
  });

  it('for another product is kept, and its open invoice stays', async () => {
    const user = await stack.api.signUp();
    await stack.subscribe(user);
    const customer = await stack.customerOf(user);
    const { stripe } = stack.stripe;
    const product = await stripe.products.create({ name: 'Another one' });
    const { id: price } = await stripe.prices.create({
      product: product.id,
      currency: 'usd',
      unit_amount: 500,
      recurring: { interval: 'month' },
    });
    const method = await stripe.paymentMethods.attach('pm_card_visa', { customer });
    await stripe.subscriptions.create({ customer, items: [{ price }], collection_method: 'send_invoice', days_until_due: 30 });
    await stack.stripe.pass('2h');
    await stripe.subscriptions.create({ customer, items: [{ price }], default_payment_method: method.id });
    await stack.settled();
    const statuses = async () => (await stripe.invoices.list({ customer })).data.map(({ status }) => status);
    const before = await statuses();
    expect([...before].sort()).toEqual(['open', 'paid']);
    expect((await erase(user)).status).toBe(204);
    await until('the closure is done', () => isClosed(customer));
    expect(await statuses()).toEqual(before);
    expect(await refundOf(customer)).toBeUndefined();
  });

  it('long before the account went is kept', async () => {
    const user = await stack.api.signUp();
    await stack.pay(user);
    const customer = await stack.customerOf(user);
    await stack.settled();
    await stack.stripe.pass('1d');
    expect((await erase(user)).status).toBe(204);
    await until('the closure is done', () => isClosed(customer));
    expect(await isRefunded(customer)).toBe(false);
    expect(await refundOf(customer)).toBeUndefined();
  });
});

describe('Money paid for an account that the holder of its number reclaims', () => {
  /** The holder of the number, who knows nothing of the account, signs in with a code for the first time. */
  async function reclaim({ mobileNumber }: TestUser) {
    const { body: code } = await stack.api.post<{ otp: string; challenge_id: string }>('/auth/send-otp', {
      body: { mobile_number: mobileNumber },
    });
    const { status, body } = await stack.api.post<{ access_token: string; user: object }>('/auth/verify-otp', {
      body: { mobile_number: mobileNumber, otp: code.otp, challenge_id: code.challenge_id },
    });
    return { status, user: body.user, token: body.access_token };
  }

  it('is given back for the running period, and neither the plan nor the payer stays with the account', async () => {
    const payer = await stack.api.signUp({ email: 'payer-of-another@example.com' });
    await stack.pay(payer);
    const customer = await stack.customerOf(payer);
    await stack.stripe.pass('31d');
    await stack.settled();
    const [running, first] = (await stack.stripe.stripe.charges.list({ customer })).data;

    const holder = await reclaim(payer);
    expect(holder).toMatchObject({ status: 200, user: { id: payer.id, is_verified: true, plan: 'basic', email: null } });
    const by = { token: holder.token };
    expect((await stack.api.get('/subscription/status', by)).body).toMatchObject({ plan: 'basic', status: 'none', price: null });
    expect((await stack.api.get('/subscription/invoice', by)).body).toEqual({ data: [], next_cursor: null });
    expect(await stack.api.post('/subscription/portal', { ...by, body: {} })).toMatchObject({
      status: 409,
      body: { code: 'not_subscribed' },
    });
    expect(JSON.stringify((await stack.api.get('/user/me/export', by)).body)).not.toMatch(/cus_|sub_|payer-of-another/);

    await until('the running period is given back', async () => (await refundOf(customer))?.status === 'refunded');
    await makeDue(customer);
    await until('the closure is done', () => isClosed(customer));
    expect(await stack.sql(`SELECT payment_intent_id, reason FROM refunds WHERE stripe_customer_id = $1`, [customer])).toEqual([
      { payment_intent_id: running?.payment_intent, reason: 'account_reclaimed' },
    ]);
    expect(await stack.stripe.stripe.charges.retrieve(running?.id ?? '')).toMatchObject({ refunded: true });
    expect(await stack.stripe.stripe.charges.retrieve(first?.id ?? '')).toMatchObject({ refunded: false });
    expect(await stack.stripe.stripe.customers.retrieve(customer)).toMatchObject({ deleted: true });
    await stack.stripe.pass('62d');
    expect((await stack.stripe.stripe.charges.list({ customer })).data).toHaveLength(2);
  });

  it('is none of what the holder pays afterwards, as a customer of their own', async () => {
    const payer = await stack.api.signUp();
    const { body: page } = await stack.subscribe(payer);
    const customer = await stack.customerOf(payer);
    // The closure waits, and Stripe repeats its answers to the same request for a day.
    await stack.stripe.control('POST', 'faults', { kind: 'error', method: 'GET', path: `/v1/customers/${customer}`, times: 'always' });
    const { token } = await reclaim(payer);
    const { status, body } = await stack.api.post<{ checkout_url: string; session_id: string }>('/subscribe/pro', { token, body: {} });
    expect(status).toBe(201);
    expect(body.session_id).not.toBe(page.session_id);
    expect(await stack.customerOf(payer)).not.toBe(customer);
    await stack.stripe.submit(page.checkout_url);
    await stack.stripe.submit(body.checkout_url);
    await stack.stripe.control('DELETE', 'faults');
    await makeDue(customer);
    await until('the other one gets the money back', async () => (await refundOf(customer))?.status === 'refunded');
    const own = { ...payer, accessToken: token };
    expect((await stack.status(own, `?checkout_session_id=${body.session_id}`)).body).toMatchObject({ plan: 'pro', status: 'active' });
    expect(await isRefunded(await stack.customerOf(payer))).toBe(false);
    expect((await stack.stripe.stripe.subscriptions.list({ customer })).data).toEqual([]);
  });

  it('is none of what the holder pays, also when the payer had a customer before', async () => {
    const payer = await stack.api.signUp();
    await stack.subscribe(payer);
    const first = await stack.customerOf(payer);
    await stack.stripe.stripe.customers.del(first);
    expect((await stack.subscribe(payer)).status).toBe(201);
    const second = await stack.customerOf(payer);
    await stack.stripe.control('POST', 'faults', { kind: 'error', method: 'GET', path: `/v1/customers/${second}`, times: 'always' });
    const { token } = await reclaim(payer);
    expect((await stack.api.post('/subscribe/pro', { token, body: {} })).status).toBe(201);
    expect([first, second, '']).not.toContain(await stack.customerOf(payer));
  });

  it('is not asked for on the page of the holder, by a request that was let in before', async () => {
    const payer = await stack.api.signUp();
    const before: Actor = { userId: payer.id, sessionId: payer.id, role: 'user', plan: 'basic', isVerified: false, listVersion: '0' };
    const { token } = await reclaim(payer);
    expect((await stack.api.post('/subscribe/pro', { token, body: {} })).status).toBe(201);
    await expect(stack.api.app.get(CheckoutsService, { strict: false }).subscribe(before, { key: null })).rejects.toThrow(UserGoneError);
  });

  it('is not asked for by a page that is being opened meanwhile', async () => {
    const payer = await stack.api.signUp();
    const holding = await holdTransaction(stack.databaseUrl);
    try {
      await holding.run(`SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE`, [payer.id]);
      const reclaimed = reclaim(payer);
      await holding.untilWaitedFor(1);
      const opened = stack.subscribe(payer);
      await holding.untilWaitedFor(2);
      await holding.commit();
      expect((await reclaimed).status).toBe(200);
      expect(await opened).toMatchObject({ status: 401, body: SESSION_ENDED });
    } finally {
      await holding.close();
    }
    expect(await stack.customerOf(payer)).toBe('');
    expect(await stack.sql(`SELECT 1 FROM checkouts WHERE user_id = $1`, [payer.id])).toEqual([]);
  });
});
