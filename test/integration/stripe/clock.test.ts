import { setTimeout as wait } from 'node:timers/promises';
import { openStripe, START } from '../../support/stripe-simulator.js';

describe('the clock', () => {
  test('stands still when frozen, moves by and to, never back', async () => {
    const world = await openStripe();
    expect(await world.control('GET', 'clock')).toEqual({ now: '2030-01-01T00:00:00.000Z', unix: START, frozen: true });
    for (const [by, seconds] of [
      ['90s', 90],
      ['2m', 120],
      ['3h', 10_800],
      ['1d', 86_400],
      [5, 5],
    ] as const) {
      const { unix } = await world.control<{ unix: number }>('GET', 'clock');
      expect(await world.control('POST', 'clock', { by })).toMatchObject({ unix: unix + seconds, events: [] });
    }
    expect(await world.control('POST', 'clock', { to: '2030-06-01T12:00:00Z' })).toMatchObject({ now: '2030-06-01T12:00:00.000Z' });
    await expect(world.control('POST', 'clock', { to: '2030-01-01T00:00:00Z' })).rejects.toThrow('The clock does not go back.');
    await expect(world.control('POST', 'clock', { by: '1y' })).rejects.toThrow('400');
    await world.stop();
  });

  test('runs with real time when it is not frozen, and what is due happens by itself', async () => {
    const world = await openStripe({ running: true });
    const session = await world.checkout();
    await world.control('POST', 'clock', { to: session.expires_at - 1 });
    const end = Date.now() + 5000;
    while ((await world.control<{ unix: number }>('GET', 'clock')).unix <= session.expires_at && Date.now() < end) await wait(50);
    const [event] = (await world.stripe.events.list()).data;
    expect(event).toMatchObject({ type: 'checkout.session.expired', created: session.expires_at });
    await world.stop();
  });

  test('a move has an end, however much is due on the way: it is refused where it stopped', async () => {
    const world = await openStripe();
    const { stripe } = world;
    const daily = await stripe.prices.create({
      product: 'prod_simulated_pro',
      currency: 'usd',
      unit_amount: 100,
      recurring: { interval: 'day' },
    });
    const customer = await stripe.customers.create({
      payment_method: 'pm_card_visa',
      invoice_settings: { default_payment_method: 'pm_card_visa' },
    });
    const { id } = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: daily.id }] });
    await expect(world.control('POST', 'clock', { to: '2060-01-01T00:00:00Z' })).rejects.toThrow('400');
    const { unix } = await world.control<{ unix: number }>('GET', 'clock');
    expect(unix).toBeGreaterThan(START + 4000 * 86_400);
    await world.pass('30d');
    const { items } = await stripe.subscriptions.retrieve(id);
    expect(items.data[0]?.current_period_end).toBeGreaterThan(unix + 29 * 86_400);
    await world.stop();
  });

  test('an update says what an attribute was before, also inside objects', async () => {
    const world = await openStripe();
    const customer = await world.stripe.customers.create({ metadata: { a: '1', b: '2' } });
    await world.stripe.customers.update(customer.id, { metadata: { a: '3' }, name: 'Ada' });
    const [event] = (await world.stripe.events.list()).data;
    expect(event?.data.previous_attributes).toEqual({ metadata: { a: '1' }, name: null });
    await world.stop();
  });
});
