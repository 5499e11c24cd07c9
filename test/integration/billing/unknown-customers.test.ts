import type Stripe from 'stripe';
import type { TestUser } from '../../support/api.js';
import { type BillingStack, startBilling } from '../../support/billing.js';
import { until } from '../../support/until.js';

let stack: BillingStack;
let stripe: Stripe;

beforeAll(async () => {
  stack = await startBilling({ SWEEP_INTERVAL: '200ms' });
  ({ stripe } = stack.stripe);
});

afterAll(async () => {
  await stack.close();
});

const payer = async (): Promise<TestUser> => {
  const user = await stack.api.signUp();
  await stack.pay(user);
  await stack.settled();
  return user;
};

const planAndStatus = async (user: TestUser) => {
  const { plan, status } = (await stack.status(user)).body;
  return { plan, status };
};

/** The user's customer in our database alone, without what a trigger does about the one before. */
const setCustomer = (user: TestUser, customer: string) =>
  stack.sql(
    `WITH trigger_off AS MATERIALIZED (SELECT set_config('session_replication_role', 'replica', true))
     UPDATE stripe_customers SET stripe_customer_id = $2 FROM trigger_off WHERE user_id = $1`,
    [user.id, customer],
  );

interface Row {
  readonly ticket: number;
  readonly applied_ticket: number;
  readonly failed_runs: number;
  readonly check_at: Date | null;
}

const rowOf = async (user: TestUser): Promise<Row> => {
  const [row] = await stack.sql<Row>(
    `SELECT ticket::int, applied_ticket::int, failed_runs, check_at FROM stripe_customers WHERE user_id = $1`,
    [user.id],
  );
  if (!row) throw new Error('the user has a customer');
  return row;
};

/** Has the next sync run of the user begin now, and resolves when it is over. */
const look = async (user: TestUser): Promise<Row> => {
  const before = await rowOf(user);
  await stack.sql(`UPDATE stripe_customers SET check_at = now(), synced_at = NULL WHERE user_id = $1`, [user.id]);
  const isOver = (row: Row) => row.ticket > before.ticket && (row.applied_ticket === row.ticket || row.failed_runs > before.failed_runs);
  await until('the sync run is over', async () => isOver(await rowOf(user)));
  return rowOf(user);
};

const erase = (user: TestUser) => stack.api.delete('/user/me', { token: user.accessToken, body: { password: user.password } });

describe('A customer that Stripe does not know', () => {
  it('ends nothing, gets no successor, and is asked about again', async () => {
    const user = await payer();
    const customer = await stack.customerOf(user);
    await setCustomer(user, 'cus_unknown');
    const row = await look(user);
    expect(row.failed_runs).toBeGreaterThan(0);
    expect(row.check_at?.getTime()).toBeGreaterThan(Date.now());
    expect(await planAndStatus(user)).toEqual({ plan: 'pro', status: 'active' });
    expect(await stack.causesOf(user)).toEqual(['stripe']);

    const unavailable = { status: 503, body: { code: 'billing_unavailable' } };
    const count = async () => (await stripe.customers.list({ limit: 100 })).data.length;
    const before = await count();
    expect(await stack.subscribe(user)).toMatchObject(unavailable);
    expect(await stack.api.post('/subscription/portal', { token: user.accessToken })).toMatchObject(unavailable);
    expect(await stack.api.get('/subscription/invoice', { token: user.accessToken })).toMatchObject(unavailable);
    expect(await count()).toBe(before);
    expect(await stack.customerOf(user)).toBe('cus_unknown');

    await setCustomer(user, customer);
    expect(await look(user)).toMatchObject({ failed_runs: 0 });
    expect(await planAndStatus(user)).toEqual({ plan: 'pro', status: 'active' });
  });

  it('of an erased account stays to be closed', async () => {
    await stack.sql(`INSERT INTO customer_closures (stripe_customer_id) VALUES ('cus_erased')`);
    const find = async () =>
      (
        await stack.sql<{ attempts: number }>(`SELECT attempts, closed_at FROM customer_closures WHERE stripe_customer_id = 'cus_erased'`)
      )[0];
    await until('it was tried', async () => ((await find())?.attempts ?? 0) > 1);
    expect(await find()).toMatchObject({ closed_at: null });
  });
});

describe('A subscription that Stripe leaves out', () => {
  it('goes on until its customer is known to be deleted', async () => {
    const user = await payer();
    await stack.sql(
      `UPDATE subscriptions SET stripe_subscription_id = 'sub_left_out', started_at = now() - interval '1 hour' WHERE user_id = $1`,
      [user.id],
    );
    await stripe.subscriptions.cancel((await stack.subscriptionsOf(user))[0]?.id ?? '');
    await stack.settled();
    expect((await look(user)).failed_runs).toBeGreaterThan(0);
    expect(await planAndStatus(user)).toEqual({ plan: 'pro', status: 'active' });

    await stripe.customers.del(await stack.customerOf(user));
    await until('its end is known', async () => (await planAndStatus(user)).plan === 'basic');
    await stack.settled();
    expect((await stack.causesOf(user)).at(-1)).toBe('customer_deleted');
  });
});

describe('A customer that was replaced', () => {
  it('because Stripe has deleted it is kept, and is asked about no more', async () => {
    const user = await payer();
    const first = await stack.customerOf(user);
    await stripe.customers.del(first);
    await until('Pro is over', async () => (await planAndStatus(user)).plan === 'basic');
    await stack.pay(user);
    await stack.settled();
    expect(await stack.customerOf(user)).not.toBe(first);
    await look(user);
    expect(await planAndStatus(user)).toEqual({ plan: 'pro', status: 'active' });
    const former = `SELECT stripe_customer_id, gone_at IS NOT NULL AS is_gone FROM former_stripe_customers WHERE user_id = $1`;
    expect(await stack.sql(former, [user.id])).toEqual([{ stripe_customer_id: first, is_gone: true }]);
    const { body } = await stack.api.get<Record<string, object[]>>('/user/me/export', { token: user.accessToken });
    expect(body['former_stripe_customers']).toMatchObject([{ stripe_customer_id: first }]);
  });

  it('because Stripe has deleted it ends its subscription, also when that could not be stored at first', async () => {
    const user = await payer();
    const first = await stack.customerOf(user);
    const second = (await stripe.customers.create({ name: user.username })).id;
    await stack.sql(`UPDATE stripe_customers SET stripe_customer_id = $2 WHERE user_id = $1`, [user.id, second]);
    await stack.stripe.control('POST', 'webhooks/mode', { mode: 'lost' });
    await stripe.customers.del(first);
    // Nobody's data is changed by Stripe's other answers.
    await stack.sql(`ALTER TABLE subscriptions ADD CONSTRAINT ck_held CHECK (status <> 'canceled') NOT VALID`);
    expect((await look(user)).failed_runs).toBeGreaterThan(0);
    await stack.sql(`ALTER TABLE subscriptions DROP CONSTRAINT ck_held`);
    await look(user);
    await stack.stripe.control('POST', 'webhooks/mode', { mode: 'normal' });
    expect(await planAndStatus(user)).toEqual({ plan: 'basic', status: 'canceled' });
  });

  it('and can still be charged counts, judges and is closed like the current one', async () => {
    const user = await payer();
    const [first, [subscription]] = [await stack.customerOf(user), await stack.subscriptionsOf(user)];
    // A process of the release before does this when Stripe does not know the customer.
    const second = (await stripe.customers.create({ name: user.username })).id;
    await stack.sql(`UPDATE stripe_customers SET stripe_customer_id = $2 WHERE user_id = $1`, [user.id, second]);
    expect(await look(user)).toMatchObject({ failed_runs: 0 });
    expect(await planAndStatus(user)).toEqual({ plan: 'pro', status: 'active' });
    expect((await stack.subscribe(user)).status).toBe(409);

    // Its events are the user's, and a second subscription is one too many, whichever customer has it.
    const other = await stack.stripe.subscribe(second);
    await until('one is left', async () => (await stripe.subscriptions.retrieve(other.id)).status === 'canceled');
    await stripe.subscriptions.update(subscription?.id ?? '', { cancel_at_period_end: true });
    await until('its event was applied', async () => (await stack.status(user)).body.cancel_at_period_end);

    expect((await erase(user)).status).toBe(204);
    for (const customer of [first, second]) {
      await until('it is closed', async () => (await stripe.customers.retrieve(customer)).deleted === true);
    }
  });
});

it('whoever ever subscribed has a next look', async () => {
  const user = await payer();
  await stripe.subscriptions.cancel((await stack.subscriptionsOf(user))[0]?.id ?? '');
  await until('Pro is over', async () => (await planAndStatus(user)).plan === 'basic');
  await stack.settled();
  const { check_at: next } = await look(user);
  expect(next?.getTime()).toBeGreaterThan(Date.now() + 86_400_000);
});
