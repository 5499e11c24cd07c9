import type Stripe from 'stripe';
import { DAY, openStripe, PRO_PRICE, START, type StripeWorld } from '../../support/stripe-simulator.js';

/** Discounts, taxes, and changes of a plan. */
describe('selling', () => {
  let world: StripeWorld;
  beforeEach(async () => {
    world = await openStripe();
  });
  afterEach(() => world.stop());

  const paidWith = async (session: Stripe.Checkout.Session): Promise<{ session: Stripe.Checkout.Session; invoice: Stripe.Invoice }> => {
    const paid = await world.stripe.checkout.sessions.retrieve(session.id);
    return { session: paid, invoice: await world.stripe.invoices.retrieve(paid.invoice as string) };
  };

  describe('promotion codes', () => {
    const code = async (coupon: Stripe.CouponCreateParams, given: Partial<Stripe.PromotionCodeCreateParams> = {}): Promise<string> => {
      const { id } = await world.stripe.coupons.create(coupon);
      return (await world.stripe.promotionCodes.create({ promotion: { type: 'coupon', coupon: id }, ...given })).code;
    };

    test('typed into the page, takes its part off the first invoice and off none after it', async () => {
      const typed = await code({ percent_off: 20, duration: 'once' }, { code: 'SPRING' });
      const session = await world.checkout({ allow_promotion_codes: true });
      expect((await world.submit(session.url ?? '', { promotion_code: 'WINTER' })).status).toBe(422);
      expect((await world.submit(session.url ?? '', { promotion_code: typed.toLowerCase() })).status).toBe(303);
      const paid = await paidWith(session);
      expect(paid.session).toMatchObject({ amount_subtotal: 999, amount_total: 799, total_details: { amount_discount: 200 } });
      expect(paid.invoice).toMatchObject({ subtotal: 999, total: 799, amount_paid: 799, total_discount_amounts: [{ amount: 200 }] });
      await world.pass('31d');
      expect((await world.stripe.invoices.list()).data[0]).toMatchObject({ total: 999, status: 'paid' });
    });

    test('mean the active one of those with the same text', async () => {
      const typed = await code({ percent_off: 20, duration: 'once' }, { code: 'SPRING' });
      const [old] = (await world.stripe.promotionCodes.list({ code: typed })).data;
      await world.stripe.promotionCodes.update(old?.id ?? '', { active: false });
      await code({ percent_off: 50, duration: 'once' }, { code: 'SPRING' });
      const session = await world.checkout({ allow_promotion_codes: true });
      expect((await world.submit(session.url ?? '', { promotion_code: typed })).status).toBe(303);
      expect((await paidWith(session)).invoice.total).toBe(499);
    });

    test('of a hundred percent asks for nothing as long as it repeats', async () => {
      const typed = await code({ percent_off: 100, duration: 'repeating', duration_in_months: 2 });
      const session = await world.checkout({ allow_promotion_codes: true });
      await world.submit(session.url ?? '', { promotion_code: typed });
      expect((await paidWith(session)).session).toMatchObject({ payment_status: 'no_payment_required', amount_total: 0 });
      await world.pass('62d');
      const totals = (await world.stripe.invoices.list()).data.map((invoice) => [invoice.total, invoice.status]);
      expect(totals).toEqual([
        [999, 'paid'],
        [0, 'paid'],
        [0, 'paid'],
      ]);
    });

    test('are refused when spent, over, or given by another checkout that did not allow them', async () => {
      const typed = await code({ amount_off: 300, currency: 'usd', duration: 'forever', max_redemptions: 1 });
      const first = await world.checkout({ allow_promotion_codes: true });
      await world.submit(first.url ?? '', { promotion_code: typed });
      expect((await paidWith(first)).invoice.total).toBe(699);
      const second = await world.checkout({ allow_promotion_codes: true });
      expect((await world.submit(second.url ?? '', { promotion_code: typed })).status).toBe(422);
      const third = await world.checkout();
      await world.submit(third.url ?? '', { promotion_code: typed });
      expect((await paidWith(third)).invoice.total).toBe(999);
    });
  });

  test('automatic tax: by the country of the page, none for a business that owes it itself; terms are asked for', async () => {
    const taxed = {
      automatic_tax: { enabled: true },
      tax_id_collection: { enabled: true },
      consent_collection: { terms_of_service: 'required' as const },
    };
    const session = await world.checkout(taxed);
    expect((await world.submit(session.url ?? '', { country: 'DE' })).status).toBe(422);
    await world.submit(session.url ?? '', { country: 'DE', terms: 'accepted' });
    const paid = await paidWith(session);
    expect(paid.session).toMatchObject({
      amount_total: 1189,
      total_details: { amount_tax: 190 },
      automatic_tax: { status: 'complete' },
      consent: { terms_of_service: 'accepted' },
    });
    expect(paid.invoice).toMatchObject({ total: 1189, amount_paid: 1189, total_taxes: [{ amount: 190, taxable_amount: 999 }] });
    const business = await world.checkout(taxed);
    await world.submit(business.url ?? '', { country: 'DE', vat_id: 'DE123456789', terms: 'accepted' });
    expect((await paidWith(business)).invoice).toMatchObject({ total: 999, total_taxes: [{ taxability_reason: 'reverse_charge' }] });
    await world.pass('31d');
    expect(
      (await world.stripe.invoices.list()).data
        .map(({ total }) => total)
        .slice(0, 2)
        .sort(),
    ).toEqual([1189, 999]);
  });

  describe('a change of the price', () => {
    const price = (amount: number, interval: 'day' | 'year'): Promise<Stripe.Price> =>
      world.stripe.prices.create({
        product: 'prod_simulated_pro',
        currency: 'usd',
        unit_amount: amount,
        recurring: { interval, interval_count: interval === 'day' ? 30 : 1 },
      });
    const change = async (
      to: string,
      proration_behavior?: 'none' | 'create_prorations' | 'always_invoice',
    ): Promise<Stripe.Subscription> => {
      const subscription = await world.subscribe();
      await world.pass('15d');
      const [item] = subscription.items.data;
      return world.stripe.subscriptions.update(subscription.id, {
        items: [{ id: item?.id ?? '', price: to }],
        ...(proration_behavior === undefined ? {} : { proration_behavior }),
      });
    };
    const totals = async (customer: unknown): Promise<number[]> =>
      (await world.stripe.invoices.list({ customer: customer as string })).data.map(({ total }) => total);

    test('within the period: the difference comes with the next invoice, at once, or never', async () => {
      const dearer = (await price(1999, 'day')).id;
      const later = await change(dearer);
      expect(await totals(later.customer)).toEqual([999]);
      await world.pass('16d');
      expect((await totals(later.customer))[0]).toBe(1999 + 1000 - 500);
      const now = await change(dearer, 'always_invoice');
      expect(await totals(now.customer)).toEqual([500, 999]);
      const never = await change(dearer, 'none');
      await world.pass('16d');
      expect(await totals(never.customer)).toEqual([1999, 999]);
    });

    test('to a year: a new period begins, paid at once less what was not used', async () => {
      const yearly = await change((await price(9990, 'year')).id);
      expect(await totals(yearly.customer)).toEqual([9490, 999]);
      expect(yearly.items.data[0]).toMatchObject({ current_period_start: START + 15 * DAY, current_period_end: START + 380 * DAY });
      expect(yearly.status).toBe('active');
    });

    test('confirmed in the portal, where the amount is shown before it is charged', async () => {
      const subscription = await world.subscribe();
      const yearly = (await price(9990, 'year')).id;
      const { stripe } = world;
      const flow = {
        type: 'subscription_update_confirm' as const,
        after_completion: { type: 'redirect' as const, redirect: { return_url: 'https://shop.example/done' } },
        subscription_update_confirm: {
          subscription: subscription.id,
          items: [{ id: subscription.items.data[0]?.id ?? '', price: yearly }],
        },
      };
      const customer = subscription.customer as string;
      await expect(stripe.billingPortal.sessions.create({ customer, flow_data: flow })).rejects.toMatchObject({ param: 'flow_data[type]' });
      const configuration = await stripe.billingPortal.configurations.create({
        features: {
          subscription_update: {
            enabled: true,
            default_allowed_updates: ['price'],
            products: [{ product: 'prod_simulated_pro', prices: [PRO_PRICE, yearly] }],
            proration_behavior: 'always_invoice',
          },
        },
      });
      const session = await stripe.billingPortal.sessions.create({ customer, configuration: configuration.id, flow_data: flow });
      const page = await fetch(session.url);
      expect(await page.text()).toContain('$89.91');
      expect((await stripe.subscriptions.retrieve(subscription.id)).items.data[0]?.price.id).toBe(PRO_PRICE);
      expect((await world.submit(page.url)).location).toBe('https://shop.example/done');
      expect((await stripe.subscriptions.retrieve(subscription.id)).items.data[0]?.price.id).toBe(yearly);
      expect(await totals(customer)).toEqual([8991, 999]);
    });
  });

  test.each([
    ['an e-mail', (stripe: Stripe) => stripe.customers.create({ email: 'not an address' }), 'email_invalid', 'email'],
    [
      'too many pairs of metadata',
      (stripe: Stripe) => stripe.customers.create({ metadata: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, 'v'])) }),
      undefined,
      'metadata',
    ],
    ['a long value', (stripe: Stripe) => stripe.customers.create({ metadata: { key: 'v'.repeat(501) } }), undefined, 'metadata'],
    [
      'a quantity of none',
      (stripe: Stripe) =>
        stripe.checkout.sessions.create({
          mode: 'subscription',
          success_url: 'https://x.example',
          line_items: [{ price: PRO_PRICE, quantity: 0 }],
        }),
      'parameter_invalid_integer',
      'line_items[0][quantity]',
    ],
    [
      'a language',
      (stripe: Stripe) =>
        stripe.checkout.sessions.create({
          mode: 'subscription',
          success_url: 'https://x.example',
          line_items: [{ price: PRO_PRICE }],
          locale: 'xx' as 'en',
        }),
      undefined,
      'locale',
    ],
    [
      'a currency',
      (stripe: Stripe) => stripe.prices.create({ currency: 'xyz', product: 'prod_simulated_pro', unit_amount: 1 }),
      'parameter_invalid_currency',
      'currency',
    ],
    [
      'an amount below the minimum',
      (stripe: Stripe) => stripe.paymentIntents.create({ currency: 'usd', amount: 49 }),
      'amount_too_small',
      'amount',
    ],
  ])('%s is refused as Stripe refuses it', async (_what, call, code, param) => {
    await expect(call(world.stripe)).rejects.toMatchObject({ statusCode: 400, rawType: 'invalid_request_error', code, param });
  });

  test('a second currency of a customer, and an end of what has not begun, are refused', async () => {
    const { stripe } = world;
    const subscription = await world.subscribe();
    const euro = await stripe.prices.create({
      product: 'prod_simulated_pro',
      currency: 'eur',
      unit_amount: 900,
      recurring: { interval: 'month' },
    });
    const customer = subscription.customer as string;
    const mixed = expect.stringContaining('You cannot combine currencies on a single customer.') as string;
    await expect(stripe.subscriptions.create({ customer, items: [{ price: euro.id }] })).rejects.toMatchObject({ message: mixed });
    await expect(world.checkout({ customer, line_items: [{ price: euro.id, quantity: 1 }] })).rejects.toMatchObject({ message: mixed });
    const other = await stripe.customers.create();
    const { id } = await stripe.subscriptions.create({ customer: other.id, items: [{ price: PRO_PRICE }] });
    await expect(stripe.subscriptions.update(id, { cancel_at_period_end: true })).rejects.toMatchObject({ param: 'cancel_at_period_end' });
  });
});
