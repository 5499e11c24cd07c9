import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import pLimit from 'p-limit';
import type { TestUser } from '../../support/api.js';
import { type BillingStack, startBilling } from '../../support/billing.js';
import { PRO_PRICE } from '../../support/stripe-simulator.js';
import { until } from '../../support/until.js';

const PAYERS = 100;
/** What Stripe takes from a sandbox in a second. */
const SANDBOX_RATE = 25;

/** A way to Stripe that counts the calls, and that can be cut. */
class CountingProxy {
  /** When calls came, by `performance.now()`. */
  readonly calls: number[] = [];
  isAway = false;
  target: URL | null = null;
  private readonly server: Server;

  constructor() {
    this.server = createServer((incoming, outgoing) => {
      this.calls.push(performance.now());
      if (this.isAway || this.target === null) {
        incoming.socket.destroy();
        return;
      }
      const { hostname, port } = this.target;
      const passed = request({ hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      passed.on('error', () => outgoing.destroy());
      incoming.pipe(passed);
    });
  }

  async open(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** The most calls that came within any second. */
  peak(): number {
    return Math.max(0, ...this.calls.map((first, i) => this.calls.slice(i).filter((at) => at < first + 1_000).length));
  }
}

const proxy = new CountingProxy();
let stack: BillingStack;

beforeAll(async () => {
  stack = await startBilling(
    { STRIPE_BASE_URL: await proxy.open(), SWEEP_INTERVAL: '500ms', STRIPE_MAX_CALLS_PER_SECOND: '12' },
    { webhooks: false },
  );
  proxy.target = new URL(stack.stripe.url);
});
afterAll(async () => {
  await stack.close();
  proxy.close();
});

/** Lets the stored periods end so long ago, as if time had passed here too. */
async function passPeriodEnd(minutesAgo: number): Promise<void> {
  await stack.sql(
    `UPDATE subscriptions SET entitled_until = entitled_until - passed,
       current_period_end = current_period_end - passed
     FROM (SELECT id AS moved, current_period_end - now() + make_interval(mins => $1) AS passed FROM subscriptions) AS by
     WHERE id = moved`,
    [minutesAgo],
  );
}

async function expectPro(users: readonly TestUser[]): Promise<void> {
  const lane = pLimit(8);
  const answers = await Promise.all(users.map((user) => lane(async () => (await stack.status(user)).body)));
  expect(answers.filter(({ plan }) => plan !== 'pro')).toEqual([]);
}

test(`${PAYERS} renewals during an hour without Stripe cost nobody the plan, and all are asked for within a minute of its end`, async () => {
  const { stripe } = stack.stripe;
  const lane = pLimit(8);
  const users = await Promise.all(
    Array.from({ length: PAYERS }, () =>
      lane(async () => {
        const user = await stack.api.signUp();
        const customer = await stripe.customers.create({ metadata: { user_id: user.id } });
        await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
        const [method] = (await stripe.customers.listPaymentMethods(customer.id)).data;
        await stripe.subscriptions.create({
          customer: customer.id,
          items: [{ price: PRO_PRICE }],
          default_payment_method: method?.id ?? '',
        });
        await stack.sql('INSERT INTO stripe_customers (user_id, stripe_customer_id, check_at) VALUES ($1, $2, now())', [
          user.id,
          customer.id,
        ]);
        return user;
      }),
    ),
  );
  await until(
    'every payer was read',
    async () => (await stack.sql('SELECT 1 FROM stripe_customers WHERE synced_at IS NULL')).length === 0,
    90_000,
  );
  await expectPro(users);

  // The periods end and Stripe renews them, but no event arrives and no call is answered.
  proxy.isAway = true;
  await stack.stripe.pass('31d');
  await passPeriodEnd(5);
  // The runs have failed so often that a delay which only doubles would be of hours.
  await stack.sql('UPDATE stripe_customers SET check_at = now(), failed_runs = 20');
  const untried = () => stack.sql('SELECT 1 FROM stripe_customers WHERE failed_runs = 20');
  await until('Stripe was asked in vain for everybody', async () => (await untried()).length === 0, 180_000);
  expect(await stack.sql(`SELECT user_id, check_at FROM stripe_customers WHERE check_at > now() + interval '1 minute'`)).toEqual([]);
  await expectPro(users);
  await passPeriodEnd(60);
  await expectPro(users);

  proxy.isAway = false;
  const unread = () => stack.sql('SELECT 1 FROM subscriptions WHERE current_period_end < now()');
  await until('every renewal was read', async () => (await unread()).length === 0, 180_000);
  await expectPro(users);
  expect(proxy.peak()).toBeLessThanOrEqual(SANDBOX_RATE);
});
