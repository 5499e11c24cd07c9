import { appendFileSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DAY, openStripe, receiveWebhooks, START } from '../../support/stripe-simulator.js';

describe('the state file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stripe-simulator-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test('holds everything over a restart: objects, clock, open pages, keys, the secret', async () => {
    const stateFile = join(folder, 'state.jsonl');
    const first = await openStripe({ stateFile });
    const subscription = await first.subscribe();
    const session = await first.checkout();
    const customer = await first.stripe.customers.create({ email: 'kept@example.com' }, { idempotencyKey: 'kept' });
    const events = await first.eventTypes();
    await first.stop();

    const second = await openStripe({ stateFile, running: true });
    expect(second.webhookSecret).toBe(first.webhookSecret);
    expect(await second.stripe.subscriptions.retrieve(subscription.id)).toEqual(subscription);
    expect(await second.control('GET', 'clock')).toMatchObject({ unix: START, frozen: true });
    expect(await second.stripe.customers.create({ email: 'kept@example.com' }, { idempotencyKey: 'kept' })).toEqual(customer);
    expect(await second.eventTypes()).toEqual(events);
    const open = await second.stripe.checkout.sessions.retrieve(session.id);
    expect(open.url).toBe(`${second.url}/c/pay/${session.id}`);
    expect((await second.submit(open.url ?? '')).status).toBe(303);
    await second.pass('31d');
    expect((await second.stripe.subscriptions.retrieve(subscription.id)).items.data[0]?.current_period_start).toBe(START + 30 * DAY);
    await second.stop();
  });

  test('holds what was answered, at the moment of the answer, whatever becomes of the process', async () => {
    const stateFile = join(folder, 'state.jsonl');
    const first = await openStripe({ stateFile });
    const customer = await first.stripe.customers.create({ email: 'kept@example.com' });
    const copy = join(folder, 'as-found.jsonl');
    copyFileSync(stateFile, copy);
    await first.stop();

    appendFileSync(copy, '["customers","cus_torn",{"id":"cus_to');
    const second = await openStripe({ stateFile: copy, running: true });
    expect((await second.stripe.customers.list()).data).toEqual([customer]);
    await second.stop();
  });

  test('webhooks that were not taken before the stop are sent after the start', async () => {
    const stateFile = join(folder, 'state.jsonl');
    const receiver = await receiveWebhooks();
    receiver.statuses.push(500);
    const webhook = { url: receiver.url, secret: 'whsec_kept' };
    const first = await openStripe({ stateFile, webhook, retries: { baseMs: 3_600_000 } });
    await first.stripe.customers.create({ email: 'kept@example.com' });
    await receiver.waitFor(1);
    await first.stop();

    const second = await openStripe({ stateFile, webhook, running: true });
    await receiver.waitFor(2);
    expect(receiver.types()).toEqual(['customer.created', 'customer.created']);
    await second.stop();
    await receiver.stop();
  });

  test('a refused request leaves nothing in it', async () => {
    const stateFile = join(folder, 'state.jsonl');
    const first = await openStripe({ stateFile });
    const customer = await first.stripe.customers.create({ email: 'kept@example.com', payment_method: 'pm_card_visa' });
    await expect(
      first.stripe.customers.create({ email: 'no@example.com', payment_method: 'pm_card_chargeDeclined' }),
    ).rejects.toMatchObject({
      statusCode: 402,
    });
    await expect(first.stripe.customers.create({ email: 'no@example.com', expand: ['nothing'] })).rejects.toMatchObject({
      statusCode: 400,
    });
    expect((await first.stripe.customers.list()).data.map((one) => one.email)).toContain(customer.email);
    await first.stop();
    const second = await openStripe({ stateFile, running: true });
    const emails = (await second.stripe.customers.list()).data.map((one) => one.email);
    expect(emails).not.toContain(null);
    expect((await second.stripe.events.list({ type: 'customer.created' })).data).toHaveLength(1);
    await second.stop();
  });
});
