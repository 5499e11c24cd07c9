import Stripe from 'stripe';
import type { TestUser } from '../support/api.js';
import { type BillingStack, startBilling } from '../support/billing.js';
import { problem } from '../support/problem.js';
import { until } from '../support/until.js';

const PREVIOUS = 'whsec_the_secret_before';

let stack: BillingStack;

beforeAll(async () => {
  stack = await startBilling({ STRIPE_WEBHOOK_SECRET_PREVIOUS: PREVIOUS });
});

afterAll(async () => {
  await stack.close();
});

const INVALID_SIGNATURE = problem(
  400,
  'invalid_signature',
  'The signature is not valid',
  'The Stripe-Signature header does not sign this body, or its time is more than five minutes away.',
);

interface Event {
  id: string;
  type: string;
  livemode: boolean;
  data: { object: Record<string, unknown> };
}

let made = 0;

/** An event as Stripe would write it about a subscription that is not there. */
const eventOf = (customer: string, given: Partial<Event> = {}) => ({
  id: `evt_planted_${(made += 1)}`,
  object: 'event',
  api_version: '2026-10-28.endive',
  created: Math.floor(Date.now() / 1_000),
  type: 'customer.subscription.created',
  livemode: false,
  pending_webhooks: 1,
  request: null,
  data: {
    object: {
      id: 'sub_planted',
      object: 'subscription',
      status: 'active',
      customer,
      current_period_end: 4_102_444_800,
      metadata: { plan: 'pro' },
    },
  },
  ...given,
});

const sign = (payload: string, { secret = stack.stripe.webhookSecret, secondsAhead = 0 } = {}) =>
  Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp: Math.floor(Date.now() / 1_000) + secondsAhead });

const send = (payload: string, signature?: string) =>
  stack.api.post('/webhook/stripe', { body: payload, headers: signature === undefined ? {} : { 'stripe-signature': signature } });

const storedCount = async (): Promise<number> => (await stack.sql<{ id: string }>(`SELECT id FROM stripe_events`)).length;

const outcomeOf = async (id: string): Promise<string | null> => {
  const find = () => stack.sql<{ outcome: string | null }>(`SELECT outcome FROM stripe_events WHERE id = $1`, [id]);
  await until('the event is acted on', async () => (await find())[0]?.outcome != null);
  return (await find())[0]?.outcome ?? null;
};

/** Has a customer at Stripe and has paid, which nobody here has been told: whatever looks at Stripe would find it. */
async function secretPayer(): Promise<{ user: TestUser; customer: string }> {
  const user = await stack.api.signUp();
  const { body } = await stack.subscribe(user);
  await stack.stripe.control('POST', 'webhooks/mode', { mode: 'lost' });
  await stack.stripe.submit(body.checkout_url);
  await stack.stripe.control('POST', 'webhooks/mode', { mode: 'normal' });
  return { user, customer: await stack.customerOf(user) };
}

const planOf = async (user: TestUser) => (await stack.status(user)).body.plan;

it('a webhook that is forged, altered, stale or from the future is refused and changes nothing', async () => {
  const { user } = await secretPayer();
  const [event] = (await stack.stripe.stripe.events.list({ type: 'checkout.session.completed' })).data;
  const before = await storedCount();
  for (const signature of ['forged', 'altered', 'stale', 'future']) {
    const { data } = await stack.stripe.control<{ data: { attempts: { status: number }[] }[] }>('POST', 'webhooks/send', {
      events: [event?.id],
      signature,
    });
    expect(data.map(({ attempts }) => attempts.at(-1)?.status)).toEqual([400]);
  }
  expect(await storedCount()).toBe(before);
  expect(await planOf(user)).toBe('basic');
  // The same event, signed as it should be, is one that counts.
  await stack.stripe.control('POST', 'webhooks/send', { events: [event?.id] });
  await until('the payer has Pro', async () => (await planOf(user)) === 'pro');
});

it('a signature is of these bytes, by one of the secrets, at most five minutes from now in either direction', async () => {
  const user = await stack.api.signUp();
  await stack.subscribe(user);
  const payload = () => JSON.stringify(eventOf('cus_nobody'));
  const before = await storedCount();
  const refused: [string, string | undefined][] = [
    [payload(), undefined],
    [payload(), ''],
    [payload(), 'nonsense'],
    [payload(), `t=${Math.floor(Date.now() / 1_000)},v1=`],
    [payload(), sign(payload(), { secret: 'whsec_somebody_elses' })],
    [payload(), sign(payload(), { secret: stack.stripe.webhookSecret.toUpperCase() })],
    ...[-310, 310, 86_400].map((secondsAhead): [string, string] => {
      const body = payload();
      return [body, sign(body, { secondsAhead })];
    }),
    [`${payload()} `, sign(payload())],
    // A body that is no JSON any more is refused like any altered one.
    [payload().slice(0, -1), sign(payload())],
    ['hello', undefined],
    // Only v1 is a signature; other schemes are ignored.
    [payload(), sign(payload()).replace('v1=', 'v0=')],
  ];
  for (const [body, signature] of refused) expect(await send(body, signature)).toMatchObject({ status: 400, body: INVALID_SIGNATURE });
  const noEvents = ['{}', '[]', '"evt"', 'null', 'hello'];
  const misshapen: object[] = [
    { id: '' },
    { id: 'evt\u0000' },
    { id: 'e'.repeat(256) },
    { type: 'a\u0000b' },
    { created: 'soon' },
    { created: 1e300 },
    { livemode: 'yes' },
    { api_version: 5 },
    { data: null },
    { data: { object: null } },
  ];
  for (const value of [...noEvents, ...misshapen.map((given) => JSON.stringify({ ...eventOf('cus_nobody'), ...given }))]) {
    expect(await send(value, sign(value))).toMatchObject({ status: 400, body: { code: 'invalid_signature' } });
  }
  expect(await storedCount()).toBe(before);
  for (const secondsAhead of [-290, 0, 290]) {
    const body = payload();
    expect(await send(body, sign(body, { secondsAhead }))).toMatchObject({ status: 200, body: { received: true } });
  }
  const old = payload();
  expect((await send(old, sign(old, { secret: PREVIOUS }))).status).toBe(200);
  expect(await storedCount()).toBe(before + 4);
});

it('a thin event that is signed is answered and ignored, and one that is not is refused', async () => {
  const before = await storedCount();
  const thin = JSON.stringify({
    id: 'evt_test_65R9Ijk8dKEYZcXeRWn16R9A7j1FSQ3w3TGDPLLGSM4CW0',
    object: 'v2.core.event',
    type: 'v1.billing.meter.error_report_triggered',
    livemode: false,
    created: '2026-11-22T20:15:03.000Z',
    related_object: { id: 'mtr_1', type: 'billing.meter', url: '/v1/billing/meters/mtr_1' },
  });
  expect(await send(thin, sign(thin))).toMatchObject({ status: 200, body: { received: true } });
  expect(await send(thin, sign(thin, { secret: 'whsec_somebody_elses' }))).toMatchObject({ status: 400, body: INVALID_SIGNATURE });
  expect(await storedCount()).toBe(before);
});

it('an event is kept as it was written, to the byte', async () => {
  const event = eventOf('cus_nobody', {
    data: { object: { note: 'naïve 😀 \u0000 \ud800', customer: 'cus\u0000', id: 'sub_1', amount: 1e21 } },
  });
  const body = ` ${JSON.stringify(event, null, 3)}\n`;
  expect((await send(body, sign(body))).status).toBe(200);
  expect(
    await stack.sql(`SELECT payload::text AS text, stripe_customer_id AS customer FROM stripe_events WHERE id = $1`, [event.id]),
  ).toEqual([{ text: body, customer: null }]);
});

it('what an event written by hand lacks is filled in', async () => {
  const { id, object, type, data } = eventOf('cus_nobody');
  const body = JSON.stringify({ id, object, type, data });
  expect((await send(body, sign(body))).status).toBe(200);
  expect(await outcomeOf(id)).toBe('ignored');
});

it('an event of the other mode is kept and not acted on', async () => {
  const { user, customer } = await secretPayer();
  const event = eventOf(customer, { livemode: true });
  const payload = JSON.stringify(event);
  expect((await send(payload, sign(payload))).status).toBe(200);
  expect(await outcomeOf(event.id)).toBe('refused');
  expect(await planOf(user)).toBe('basic');
});

it('an event about a subscription that Stripe does not know gives nothing, whatever it says', async () => {
  const user = await stack.api.signUp({ email: `planted-${Date.now()}@example.com` });
  await stack.subscribe(user);
  const customer = await stack.customerOf(user);
  const objects: Partial<Event>[] = [
    {},
    { type: 'customer.subscription.updated' },
    {
      type: 'invoice.paid',
      data: { object: { id: 'in_planted', object: 'invoice', status: 'paid', customer, subscription: 'sub_planted' } },
    },
    {
      type: 'checkout.session.completed',
      data: {
        object: {
          id: 'cs_planted',
          object: 'checkout.session',
          customer,
          client_reference_id: user.id,
          customer_email: user.username,
          payment_status: 'paid',
          subscription: 'sub_planted',
        },
      },
    },
    { type: 'charge.dispute.closed', data: { object: { id: 'dp_planted', object: 'dispute', charge: 'ch_planted', status: 'won' } } },
  ];
  for (const given of objects) {
    const event = eventOf(customer, given);
    const payload = JSON.stringify(event);
    expect((await send(payload, sign(payload))).status).toBe(200);
    expect(await outcomeOf(event.id)).toBe(given.type === 'charge.dispute.closed' ? 'ignored' : 'applied');
  }
  expect((await stack.status(user)).body).toMatchObject({ plan: 'basic', status: 'none' });
  expect(await stack.sql(`SELECT 1 FROM subscriptions WHERE user_id = $1`, [user.id])).toEqual([]);
});

it('a subscription of a customer who is nobody here gives nothing to anybody', async () => {
  const user = await stack.api.signUp({ email: 'payer@example.com' });
  const stranger = await stack.stripe.stripe.customers.create({ email: 'payer@example.com', metadata: { user_id: user.id } });
  await stack.stripe.subscribe(stranger.id);
  await stack.settled();
  expect(await planOf(user)).toBe('basic');
  expect((await stack.status(user)).body).toMatchObject({ plan: 'basic', status: 'none' });
});

it('a repeated event is one event, and an old one brings nothing back', async () => {
  const user = await stack.api.signUp();
  await stack.pay(user);
  await stack.stripe.stripe.subscriptions.cancel((await stack.subscriptionsOf(user))[0]?.id ?? '');
  await until('Pro is over', async () => (await planOf(user)) === 'basic');
  await stack.settled();
  const customer = await stack.customerOf(user);
  const { data } = await stack.stripe.stripe.events.list({ limit: 30 });
  const events = data.filter((event) => JSON.stringify(event).includes(customer)).map(({ id }) => id);
  const [count, trail] = [await storedCount(), await stack.causesOf(user)];
  await stack.stripe.control('POST', 'webhooks/send', { events: [...events, ...events] });
  // What is replayed is acted on again, and finds Stripe as it is.
  const beginning = (await stack.stripe.stripe.events.list({ type: 'customer.subscription.created', limit: 1 })).data[0]?.id ?? '';
  await stack.sql(
    `UPDATE stripe_events SET requested_at = clock_timestamp(), due_at = now(), processed_at = NULL, outcome = NULL WHERE id = $1`,
    [beginning],
  );
  expect(await outcomeOf(beginning)).toBe('applied');
  expect(await storedCount()).toBe(count);
  expect(await stack.causesOf(user)).toEqual(trail);
  expect(await planOf(user)).toBe('basic');
});

it('what cannot be kept is answered with 5xx, so that Stripe sends it again', async () => {
  const payload = JSON.stringify(eventOf('cus_nobody'));
  await stack.sql(`ALTER TABLE stripe_events ADD CONSTRAINT ck_closed CHECK (id = '') NOT VALID`);
  try {
    expect((await send(payload, sign(payload))).status).toBe(500);
  } finally {
    await stack.sql(`ALTER TABLE stripe_events DROP CONSTRAINT ck_closed`);
  }
  expect((await send(payload, sign(payload))).status).toBe(200);
});

it('the webhook is never throttled', async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => send('{}', 'nonsense')));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400]));
  expect(answers.every(({ headers }) => !headers.has('ratelimit'))).toBe(true);
});
