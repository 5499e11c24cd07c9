import { client, openStripe, START, type StripeWorld } from '../../support/stripe-simulator.js';

/** What is set up once in an account, and who may call it. */
describe('the account', () => {
  let world: StripeWorld;
  beforeEach(async () => {
    world = await openStripe();
  });
  afterEach(() => world.stop());
  const as = (key: string) => client(world.url, {}, key);

  test('is retrieved by its key', async () => {
    expect(await world.stripe.accounts.retrieveCurrent()).toMatchObject({
      id: expect.stringMatching(/^acct_/) as string,
      object: 'account',
      charges_enabled: true,
    });
    await expect(world.stripe.accounts.retrieve('acct_x')).rejects.toMatchObject({ statusCode: 403, code: 'account_invalid' });
  });

  test('of another key is another one, in which nothing of the first is known', async () => {
    const { id } = await world.stripe.customers.create({ email: 'ada@example.com' });
    await world.control('POST', 'keys', { key: 'sk_test_other', account: 'acct_other' });
    const other = as('sk_test_other');
    expect((await other.accounts.retrieveCurrent()).id).toBe('acct_other');
    await expect(other.customers.retrieve(id)).rejects.toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
      message: `No such customer: '${id}'`,
    });
    await expect(other.billingPortal.sessions.create({ customer: (await other.customers.create()).id })).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringContaining('your test mode default configuration has not been created') as string,
    });
    await world.control('DELETE', 'keys/sk_test_other');
    expect((await other.customers.retrieve(id)).id).toBe(id);
  });

  test('has two modes: a live key is told that what it asks for is in the other', async () => {
    const { id } = await world.stripe.customers.create({ email: 'ada@example.com' });
    await world.control('POST', 'keys', { key: 'sk_live_1', livemode: true });
    await expect(as('sk_live_1').customers.retrieve(id)).rejects.toMatchObject({
      code: 'resource_missing',
      message: `No such customer: '${id}'; a similar object exists in test mode, but a live mode key was used to make this request.`,
    });
    expect(await as('sk_live_1').customers.create()).toMatchObject({ livemode: true });
    expect((await world.stripe.customers.list()).data).toHaveLength(1);
  });

  test('knows a revoked key no more', async () => {
    await world.control('POST', 'keys', { key: 'sk_test_simulated1234', revoked: true });
    await expect(world.stripe.customers.list()).rejects.toMatchObject({ statusCode: 401, type: 'StripeAuthenticationError' });
  });

  test('answers 429 to what comes faster than it allows, and counts the calls', async () => {
    await world.control('POST', 'rate', { per_second: 5 });
    const answers = await Promise.allSettled(Array.from({ length: 40 }, () => world.stripe.customers.list()));
    const refused = answers.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({
      statusCode: 429,
      type: 'StripeRateLimitError',
      code: 'rate_limit',
      headers: { 'stripe-rate-limited-reason': 'global-rate' },
    });
    expect(await world.control('GET', 'rate')).toMatchObject({ per_second: 5, calls: 40, refused: refused.length });
    const { data } = await world.control<{ data: { status: number }[] }>('GET', 'calls');
    expect(data.filter(({ status }) => status === 429)).toHaveLength(refused.length);
    await world.control('POST', 'rate', { per_second: null });
    await Promise.all(Array.from({ length: 20 }, () => world.stripe.customers.list()));
  });

  test('is away as long as it is told to, and refuses in the words that were ordered', async () => {
    await world.control('POST', 'faults', { kind: 'error', times: 'always' });
    for (let i = 0; i < 3; i += 1) await expect(world.stripe.customers.list()).rejects.toMatchObject({ statusCode: 500 });
    await world.control('DELETE', 'faults');
    await world.control('POST', 'faults', {
      kind: 'refuse',
      path: '/v1/refunds',
      error: { status: 400, code: 'balance_insufficient', message: 'Insufficient funds.' },
    });
    await expect(world.stripe.refunds.create({ charge: 'ch_x' })).rejects.toMatchObject({ code: 'balance_insufficient' });
    expect((await world.stripe.customers.list()).data).toEqual([]);
  });

  test('webhook endpoints: create, list, update, delete; the events come with the secret of the answer', async () => {
    const { stripe } = world;
    const made = await stripe.webhookEndpoints.create({
      url: 'http://127.0.0.1:9/hook',
      enabled_events: ['customer.created'],
      metadata: { made_by: 'setup' },
    });
    expect(made).toMatchObject({ status: 'enabled', secret: expect.stringMatching(/^whsec_\w{32}$/) as string, created: START });
    const { secret, ...kept } = made;
    expect(secret).toBeDefined();
    expect((await stripe.webhookEndpoints.list()).data).toEqual([kept]);
    const updated = await stripe.webhookEndpoints.update(made.id, { enabled_events: ['*'], disabled: true });
    expect(updated).toEqual({ ...kept, enabled_events: ['*'], status: 'disabled' });
    expect(await stripe.webhookEndpoints.del(made.id)).toEqual({ id: made.id, object: 'webhook_endpoint', deleted: true });
    await expect(stripe.webhookEndpoints.retrieve(made.id)).rejects.toMatchObject({ code: 'resource_missing' });
  });

  test('prices: lookup keys lead to one price and can be moved; amounts in other currencies', async () => {
    const { stripe } = world;
    const product = await stripe.products.create({
      name: 'Team',
      default_price_data: { currency: 'usd', unit_amount: 2900, recurring: { interval: 'month' } },
    });
    expect(product.default_price).toMatch(/^price_/);
    const create = (given: object) =>
      stripe.prices.create({
        product: product.id,
        currency: 'usd',
        unit_amount: 29_900,
        recurring: { interval: 'year' },
        lookup_key: 'team_yearly',
        ...given,
      });
    const first = await create({ currency_options: { eur: { unit_amount: 27_900, tax_behavior: 'inclusive' } } });
    await expect(create({})).rejects.toMatchObject({ statusCode: 400, param: 'lookup_key' });
    const second = await create({ transfer_lookup_key: true });
    expect((await stripe.prices.list({ lookup_keys: ['team_yearly', 'other'] })).data.map(({ id }) => id)).toEqual([second.id]);
    const [plain, expanded] = await Promise.all([
      stripe.prices.retrieve(first.id),
      stripe.prices.retrieve(first.id, { expand: ['currency_options'] }),
    ]);
    expect(plain.currency_options).toBeUndefined();
    expect(expanded).toMatchObject({
      lookup_key: null,
      currency_options: { usd: { unit_amount: 29_900 }, eur: { unit_amount: 27_900, tax_behavior: 'inclusive' } },
    });
  });
});
