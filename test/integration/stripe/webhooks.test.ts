import { openStripe, receiveWebhooks, type StripeWorld, type WebhookReceiver } from '../../support/stripe-simulator.js';

interface Attempted {
  id: string;
  event: string;
  state: string;
  attempts: { status: number | null }[];
}

describe('webhooks', () => {
  let receiver: WebhookReceiver;
  let world: StripeWorld;
  const SECRET = 'whsec_first';
  beforeEach(async () => {
    receiver = await receiveWebhooks();
    world = await openStripe({ webhook: { url: receiver.url, secret: SECRET }, retries: { baseMs: 60, tries: 4 } });
  });
  afterEach(async () => {
    await world.stop();
    await receiver.stop();
  });

  const mode = (body: object): Promise<unknown> => world.control('POST', 'webhooks/mode', body);
  const settle = (): Promise<unknown> => world.control('POST', 'webhooks/settle');
  const create = (count: number): Promise<unknown> =>
    Promise.all(Array.from({ length: count }, () => world.stripe.customers.create({ email: 'a@x.example' })));
  const verify = (index: number, secret = SECRET): unknown => {
    const webhook = receiver.received[index];
    return world.stripe.webhooks.constructEvent(webhook?.body ?? '', String(webhook?.headers['stripe-signature']), secret);
  };
  const ids = (): string[] => receiver.received.map(({ body }) => (JSON.parse(body) as { id: string }).id);

  test('are signed with real time, so that the SDK accepts them, and hold the event', async () => {
    const customer = await world.stripe.customers.create({ email: 'ada@example.com' });
    await receiver.waitFor(1);
    const [listed] = (await world.stripe.events.list()).data;
    expect(verify(0)).toEqual({ ...listed, pending_webhooks: 1 });
    expect(listed).toMatchObject({ type: 'customer.created', created: 1_893_456_000, data: { object: customer } });
    expect(() => verify(0, 'whsec_other')).toThrow('No signatures found matching');
    const seconds = Number(/^t=(\d+),/.exec(String(receiver.received[0]?.headers['stripe-signature']))?.[1]);
    expect(Math.abs(seconds - Date.now() / 1000)).toBeLessThan(60);
    expect(receiver.received[0]?.headers['content-type']).toBe('application/json; charset=utf-8');
  });

  test('decimals are strings in them', async () => {
    await world.subscribe();
    await settle();
    const body = receiver.received.map((one) => one.body).find((text) => text.includes('"type": "customer.subscription.created"'));
    expect(body).toContain('"unit_amount_decimal": "999"');
  });

  test('come in order, and all of them', async () => {
    await world.subscribe();
    await settle();
    expect(receiver.types()).toEqual(await world.eventTypes());
  });

  test('are tried again with back-off until they are taken; the log says so', async () => {
    receiver.statuses.push(500, 503, 302);
    await create(1);
    await receiver.waitFor(4);
    await settle();
    const [first = 0, ...rest] = receiver.received.map((one) => one.at);
    const waits = rest.map((at, index) => at - (index === 0 ? first : (rest[index - 1] ?? 0)));
    expect(waits[0]).toBeGreaterThanOrEqual(55);
    expect(waits[1]).toBeGreaterThanOrEqual(115);
    expect(waits[2]).toBeGreaterThanOrEqual(235);
    const { data } = await world.control<{ data: Attempted[] }>('GET', 'webhooks/deliveries?type=customer.created');
    expect(data).toHaveLength(1);
    expect(data[0]?.state).toBe('delivered');
    expect(data[0]?.attempts.map((one) => one.status)).toEqual([500, 503, 302, 200]);
    expect(new Set(ids()).size).toBe(1);
  });

  test('are given up after the last try; the event can still be listed', async () => {
    receiver.statuses.push(500, 500, 500, 500);
    await create(1);
    await receiver.waitFor(4);
    await settle();
    const { data } = await world.control<{ data: Attempted[] }>('GET', 'webhooks/deliveries?state=failed');
    expect(data).toHaveLength(1);
    expect((await world.stripe.events.list({ delivery_success: false })).data).toHaveLength(1);
  });

  test('one that fails does not hold up those behind it', async () => {
    receiver.statuses.push(500);
    await world.stripe.customers.create({ email: 'first@x.example' });
    await world.stripe.customers.create({ email: 'second@x.example' });
    await receiver.waitFor(3);
    expect(ids()[0]).toBe(ids()[2]);
  });

  test('duplicate: each event twice', async () => {
    await mode({ mode: 'duplicate' });
    await create(2);
    await receiver.waitFor(4);
    const [a, b, c, d] = ids();
    expect([a, c]).toEqual([b, d]);
    expect(a).not.toBe(c);
  });

  test('doubled: one change as two events', async () => {
    await mode({ mode: 'doubled' });
    await create(1);
    await receiver.waitFor(2);
    expect(new Set(ids()).size).toBe(2);
    expect((await world.stripe.events.list()).data).toHaveLength(2);
    expect(receiver.types()).toEqual(['customer.created', 'customer.created']);
  });

  test('shuffled: all, in another order', async () => {
    await mode({ mode: 'shuffled', delay_ms: 500 });
    for (let i = 0; i < 12; i += 1) await world.stripe.customers.create({ email: `${i}@x.example` });
    await receiver.waitFor(12);
    const sent = (await world.stripe.events.list({ limit: 100 })).data.map((event) => event.id).reverse();
    expect([...ids()].sort()).toEqual([...sent].sort());
    expect(ids()).not.toEqual(sent); // one chance in 479 million
  });

  test('delayed: later, in order', async () => {
    await mode({ mode: 'delayed', delay_ms: 200 });
    const before = Date.now();
    await create(1);
    await receiver.waitFor(1);
    expect((receiver.received[0]?.at ?? 0) - before).toBeGreaterThanOrEqual(195);
  });

  test('lost: those types never; the others come', async () => {
    await mode({ mode: 'lost', types: ['invoice.*', 'customer.subscription.*'] });
    await world.subscribe();
    await settle();
    expect(receiver.types()).toEqual((await world.eventTypes()).filter((type) => !/^invoice\.|^customer\.subscription\./.test(type)));
  });

  test('forged: the SDK refuses them', async () => {
    await mode({ mode: 'forged' });
    await create(1);
    await receiver.waitFor(1);
    expect(() => verify(0)).toThrow('No signatures found matching');
  });

  test('held: nothing comes until it is sent, in the order that is asked for, repeats included', async () => {
    await mode({ mode: 'held' });
    for (const email of ['a@x.example', 'b@x.example', 'c@x.example']) await world.stripe.customers.create({ email });
    const [c = '', b = '', a = ''] = (await world.stripe.events.list()).data.map((event) => event.id);
    await settle();
    expect(receiver.received).toEqual([]);
    const { data } = await world.control<{ data: Attempted[] }>('POST', 'webhooks/send', { events: [c, a, c] });
    expect(ids()).toEqual([c, a, c]);
    expect(data.map((one) => [one.event, one.state])).toEqual([c, a, c].map((id) => [id, 'delivered']));
    expect(await world.control('POST', 'webhooks/release')).toEqual({ released: 1 });
    await receiver.waitFor(4);
    expect(ids()[3]).toBe(b);
  });

  test.each([
    ['forged', 'No signatures found matching'],
    ['altered', 'No signatures found matching'],
    ['stale', 'Timestamp outside the tolerance zone'],
  ])('sent %s: the SDK refuses it', async (signature, message) => {
    await create(1);
    await settle();
    const [event] = (await world.stripe.events.list()).data;
    await world.control('POST', 'webhooks/send', { events: [event?.id], signature });
    expect(() => verify(1)).toThrow(message);
  });

  test('sent from the future: correctly signed, ten minutes ahead (the SDK takes it; a receiver must not)', async () => {
    await create(1);
    await settle();
    const [event] = (await world.stripe.events.list()).data;
    await world.control('POST', 'webhooks/send', { events: [event?.id], signature: 'future' });
    expect(verify(1)).toMatchObject({ id: event?.id });
    const seconds = Number(/^t=(\d+),/.exec(String(receiver.received[1]?.headers['stripe-signature']))?.[1]);
    expect(seconds - Date.now() / 1000).toBeGreaterThan(590);
  });

  test('rotation: signed with the old secret and the new one', async () => {
    const { secrets } = await world.control<{ secrets: string[] }>('POST', 'webhooks/endpoints/we_configured/rotate');
    await create(1);
    await receiver.waitFor(1);
    expect(secrets).toEqual([expect.stringMatching(/^whsec_/), SECRET]);
    expect(verify(0, SECRET)).toEqual(verify(0, secrets[0]));
  });

  test('another endpoint can be added, for some types, and taken away', async () => {
    const other = await receiveWebhooks();
    const added = await world.control<{ id: string; secrets: string[] }>('POST', 'webhooks/endpoints', {
      url: other.url,
      events: ['product.*'],
    });
    await create(1);
    await world.stripe.products.create({ name: 'Mug' });
    await settle();
    expect([receiver.types(), other.types()]).toEqual([['customer.created', 'product.created'], ['product.created']]);
    await world.control('DELETE', `webhooks/endpoints/${added.id}`);
    await world.stripe.products.create({ name: 'Cup' });
    await settle();
    expect(other.received).toHaveLength(1);
    await other.stop();
  });
});
