import { openStripe, PRO_PRICE, type StripeWorld } from '../../support/stripe-simulator.js';
import { judgeByTypes, type WireObject } from '../../support/stripe-types.js';

const LISTS = [
  ...['customers', 'products', 'prices', 'charges', 'refunds', 'disputes', 'payment_intents', 'invoices', 'invoiceitems'],
  ...[
    'invoice_payments',
    'checkout/sessions',
    'billing_portal/configurations',
    'coupons',
    'promotion_codes',
    'webhook_endpoints',
    'subscription_schedules',
  ],
];

/** Everything that the simulator says in the lives of several customers agrees with stripe-node's types. */
describe('the types', () => {
  let world: StripeWorld;
  beforeEach(async () => {
    world = await openStripe();
  });
  afterEach(() => world.stop());

  const get = async <T = { data: WireObject[] }>(path: string): Promise<T> => {
    const response = await fetch(`${world.url}/v1/${path}`, { headers: { authorization: 'Bearer sk_test_simulated1234' } });
    return (await response.json()) as T;
  };
  const cards = (customer: unknown, behaviour: string): Promise<unknown> => world.control('POST', 'cards', { customer, behaviour });

  /** Every state that an object was in, from the events, and what each list shows now. */
  const everything = async (): Promise<WireObject[]> => {
    const events: { id: string; data: { object: WireObject } }[] = [];
    for (let more = true, after = ''; more; after = `&starting_after=${events.at(-1)?.id ?? ''}`) {
      const page = await get<{ data: typeof events; has_more: boolean }>(`events?limit=100${after}`);
      events.push(...page.data);
      more = page.has_more;
    }
    const listed = await Promise.all(LISTS.map((path) => get(`${path}?limit=100`)));
    const states = [...events.map(({ data }) => data.object), ...listed.flatMap(({ data }) => data)];
    return [...states, await get<WireObject>('account')];
  };

  test('of stripe-node hold for every answer and every event', async () => {
    const { stripe } = world;
    const renewing = await world.subscribe();
    const failing = await world.subscribe();
    const asked = await world.subscribe();
    await cards(failing.customer, 'generic_decline');
    await cards(asked.customer, 'authenticates_always');
    const coupon = await stripe.coupons.create({ percent_off: 50, duration: 'repeating', duration_in_months: 3 });
    const { code } = await stripe.promotionCodes.create({ promotion: { type: 'coupon', coupon: coupon.id } });
    const taxed = await world.checkout({
      allow_promotion_codes: true,
      automatic_tax: { enabled: true },
      tax_id_collection: { enabled: true },
      consent_collection: { terms_of_service: 'required' },
      subscription_data: { metadata: { user_id: 'u1' } },
    });
    await world.submit(taxed.url ?? '', { country: 'DE', vat_id: 'DE123456789', promotion_code: code, terms: 'accepted' });
    for (const method of ['bank', 'bank_fails']) await world.submit((await world.checkout()).url ?? '', { method });
    await world.submit((await world.checkout({ subscription_data: { trial_period_days: 7 } })).url ?? '');
    await world.checkout();
    const { id: sent } = await stripe.customers.create({ email: 'sent@example.com', address: { country: 'GB', line1: '1 Road' } });
    await stripe.subscriptions.create({
      customer: sent,
      items: [{ price: PRO_PRICE }],
      collection_method: 'send_invoice',
      days_until_due: 5,
    });
    const unpaid = await stripe.customers.create({ payment_method: 'pm_card_visa' });
    await stripe.subscriptions.create({ customer: unpaid.id, items: [{ price: PRO_PRICE }], payment_behavior: 'default_incomplete' });
    await world.pass('62d');

    const [charge, older] = (await stripe.charges.list({ customer: renewing.customer as string })).data;
    await stripe.refunds.create({ charge: charge?.id ?? '', amount: 100 });
    const dispute = await world.control<{ id: string }>('POST', 'disputes', { charge: older?.id, status: 'warning_needs_response' });
    for (const status of ['needs_response', 'under_review', 'won']) await world.control('POST', `disputes/${dispute.id}`, { status });
    for (const method of ['pm_card_pendingRefund', 'pm_card_refundFail']) {
      const intent = await stripe.paymentIntents.create({ amount: 500, currency: 'usd', payment_method: method, confirm: true });
      await stripe.refunds.create({ payment_intent: intent.id });
    }
    const yearly = await stripe.prices.create({
      product: 'prod_simulated_pro',
      currency: 'usd',
      unit_amount: 9990,
      recurring: { interval: 'year' },
      lookup_key: 'yearly',
      currency_options: { eur: { unit_amount: 8990 } },
    });
    const [item] = renewing.items.data;
    await stripe.subscriptions.update(renewing.id, { items: [{ id: item?.id ?? '', price: yearly.id }] });
    await stripe.subscriptions.update(renewing.id, { pause_collection: { behavior: 'void' }, cancel_at_period_end: true });
    const { id: cancelled, customer: cancelling } = await world.subscribe();
    await stripe.billingPortal.sessions.create({
      customer: cancelling as string,
      flow_data: { type: 'subscription_cancel', subscription_cancel: { subscription: cancelled } },
    });
    await stripe.billingPortal.sessions.create({ customer: renewing.customer as string, flow_data: { type: 'payment_method_update' } });
    const phases = [{ items: [{ price: PRO_PRICE }] }];
    for (const date of ['now', 2_000_000_000] as const)
      await stripe.subscriptionSchedules.create({ customer: sent, start_date: date, phases });
    await stripe.subscriptionSchedules.create({ from_subscription: (await world.subscribe()).id });
    await stripe.webhookEndpoints.create({ url: 'http://127.0.0.1:9/hook', enabled_events: ['*'] });
    await stripe.subscriptions.cancel(cancelled);
    await world.pass('10d');

    const { problems, judged } = judgeByTypes(await everything());
    expect(problems).toEqual([]);
    expect(judged).toEqual([
      ...['account', 'billing_portal.configuration', 'billing_portal.session', 'charge', 'checkout.session', 'coupon', 'customer'],
      ...['discount', 'dispute', 'invoice', 'invoice_payment', 'invoiceitem', 'payment_intent', 'payment_method', 'price', 'product'],
      ...['promotion_code', 'refund', 'subscription', 'subscription_schedule', 'tax_id', 'webhook_endpoint'],
    ]);
  });

  test('are not satisfied by an answer that lacks, adds or mistakes a member', async () => {
    const { data } = await get('prices');
    const [price = { object: 'price' }] = data;
    const { problems } = judgeByTypes([
      { ...price, nickname: 7 } as WireObject,
      { ...price, surprise: true } as WireObject,
      { object: 'price', id: 'price_x' } as WireObject,
    ]);
    expect(problems).toHaveLength(3);
  });
});
