import type Stripe from 'stripe';
import { CustomerUpdatesRepository } from '../../../src/modules/billing/customer-updates.repository.js';
import { Database } from '../../../src/database/database.js';
import type { TestUser } from '../../support/api.js';
import { newUsername } from '../../support/api.js';
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

const change = async (user: TestUser, email: string | null, username?: string): Promise<void> => {
  const body = { email, current_password: user.password, ...(username === undefined ? {} : { username }) };
  const { status } = await stack.api.patch('/user/me', { token: user.accessToken, body });
  expect(status).toBe(200);
};
const updatesOf = (user: TestUser) =>
  stack.sql<{ attempts: number }>(`SELECT attempts FROM customer_updates WHERE user_id = $1`, [user.id]);
const isDone = (user: TestUser) => until('the update is made', async () => (await updatesOf(user)).length === 0);
const nameAndAddress = async (id: string) => {
  const customer = await stripe.customers.retrieve(id);
  return customer.deleted ? null : { name: customer.name, email: customer.email };
};

describe('A change of the username or the e-mail address', () => {
  it('reaches the customer at Stripe, also when the address is removed', async () => {
    const user = await stack.api.signUp();
    await stack.subscribe(user);
    const customer = await stack.customerOf(user);
    const name = newUsername();
    await change(user, `${name}@example.com`, name);
    await isDone(user);
    expect(await nameAndAddress(customer)).toEqual({ name, email: `${name}@example.com` });
    await change(user, null);
    await isDone(user);
    expect(await nameAndAddress(customer)).toEqual({ name, email: null });
  });

  it('is recorded in its own transaction, whoever makes it, and only for a user with a customer', async () => {
    const [payer, other] = [await stack.api.signUp(), await stack.api.signUp()];
    await stack.subscribe(payer);
    const found = await stack.api.app.get(Database).transaction(async ({ manager }) => {
      await manager.query(`UPDATE users SET email = id || '@example.com' WHERE id IN ($1, $2)`, [payer.id, other.id]);
      return manager.query<{ user_id: string }[]>(`SELECT user_id FROM customer_updates WHERE user_id IN ($1, $2)`, [payer.id, other.id]);
    });
    expect(found).toEqual([{ user_id: payer.id }]);
    await isDone(payer);
    expect(await nameAndAddress(await stack.customerOf(payer))).toMatchObject({ email: `${payer.id}@example.com` });
  });

  it('that was made while its customer was created reaches it, too', async () => {
    const user = await stack.api.signUp();
    await stack.subscribe(user);
    const customer = await stack.customerOf(user);
    await stripe.customers.update(customer, { name: 'old_name' });
    await stack.api.app
      .get(CustomerUpdatesRepository)
      .addMissed(stack.api.app.get(Database), user.id, { username: 'old_name', email: null });
    await isDone(user);
    expect(await nameAndAddress(customer)).toMatchObject({ name: user.username });
  });

  it('made during an attempt is pushed after it', async () => {
    const user = await stack.api.signUp();
    await stack.subscribe(user);
    const customer = await stack.customerOf(user);
    const slow = { kind: 'slow', method: 'POST', path: `/v1/customers/${customer}`, times: 1, latency_ms: 2_000 };
    await stack.stripe.control('POST', 'faults', slow);
    await change(user, `${user.username}.first@example.com`);
    await until('the worker has asked', async () => (await stack.stripe.control<{ data: unknown[] }>('GET', 'faults')).data.length === 0);
    await change(user, `${user.username}.last@example.com`);
    await isDone(user);
    expect(await nameAndAddress(customer)).toMatchObject({ email: `${user.username}.last@example.com` });
  });

  it('of a customer that Stripe does not know ends nothing, and is tried again', async () => {
    const user = await stack.api.signUp();
    await stack.pay(user);
    await stack.sql(
      `WITH trigger_off AS MATERIALIZED (SELECT set_config('session_replication_role', 'replica', true))
       UPDATE stripe_customers SET stripe_customer_id = 'cus_unknown' FROM trigger_off WHERE user_id = $1`,
      [user.id],
    );
    await change(user, `${user.username}@example.com`);
    await until('an attempt has failed', async () => ((await updatesOf(user))[0]?.attempts ?? 0) > 0);
    expect((await stack.status(user)).body).toMatchObject({ plan: 'pro', status: 'active' });
  });

  it('of a customer that was deleted at Stripe is dropped: the next one is created with the new values', async () => {
    const user = await stack.api.signUp();
    await stack.subscribe(user);
    await stripe.customers.del(await stack.customerOf(user));
    await change(user, `${user.username}@example.com`);
    await isDone(user);
    expect((await stack.subscribe(user)).status).toBe(201);
    expect(await nameAndAddress(await stack.customerOf(user))).toEqual({ name: user.username, email: `${user.username}@example.com` });
  });
});
