import { CARD, client, openStripe, type StripeWorld } from '../../support/stripe-simulator.js';

/** What every call has in common on Stripe's wire. */
describe('the wire', () => {
  let world: StripeWorld;
  beforeAll(async () => {
    world = await openStripe();
  });
  afterAll(() => world.stop());

  interface Answer {
    status: number;
    headers: Headers;
    body: { id: string; error: { code?: string; param?: string; message: string } };
  }
  const call = async (path: string, headers: Record<string, string> = {}, form?: string): Promise<Answer> => {
    const response = await fetch(world.url + path, {
      ...(form === undefined ? {} : { method: 'POST', body: form }),
      headers: { authorization: 'Bearer sk_test_simulated1234', ...headers },
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
  };
  const post = (path: string, form: string, headers: Record<string, string> = {}): Promise<Answer> =>
    call(path, { 'content-type': 'application/x-www-form-urlencoded', ...headers }, form);
  const logUrl = expect.stringMatching(/^https:\/\/dashboard\.stripe\.com\/test\/logs\/req_/) as string;

  test('without a key: 401', async () => {
    expect(await call('/v1/customers', { authorization: '' })).toMatchObject({
      status: 401,
      body: {
        error: {
          type: 'invalid_request_error',
          message: expect.stringContaining('You did not provide an API key.'),
          request_log_url: logUrl,
        },
      },
    });
  });

  test('with a live key: 401, the key not repeated', async () => {
    const { status, body } = await call('/v1/customers', { authorization: 'Bearer sk_live_abcdefghijklmnop' });
    expect(status).toBe(401);
    expect(body).toEqual({
      error: { type: 'invalid_request_error', message: 'Invalid API Key provided: sk_live_********mnop', request_log_url: logUrl },
    });
  });

  test('each answer carries its request id and the version', async () => {
    const { headers } = await call('/v1/customers', { 'stripe-version': '2026-10-28.endive' });
    expect(headers.get('request-id')).toMatch(/^req_\w{14}$/);
    expect(headers.get('stripe-version')).toBe('2026-10-28.endive');
  });

  test('another version is refused', async () => {
    const { status, body } = await call('/v1/customers', { 'stripe-version': '2020-08-27' });
    expect(status).toBe(400);
    expect(body.error.message).toBe('Invalid Stripe API version: 2020-08-27. This simulator speaks 2026-10-28.endive.');
  });

  test('an id in the path that is not known: 404 resource_missing', async () => {
    expect(await call('/v1/subscriptions/sub_x')).toMatchObject({
      status: 404,
      body: {
        error: {
          code: 'resource_missing',
          doc_url: 'https://stripe.com/docs/error-codes/resource-missing',
          message: "No such subscription: 'sub_x'",
          param: 'id',
          request_log_url: logUrl,
          type: 'invalid_request_error',
        },
      },
    });
  });

  test('an id in a parameter that is not known: 400 resource_missing, with the parameter', async () => {
    const { status, body } = await post(
      '/v1/checkout/sessions',
      'mode=subscription&success_url=https%3A%2F%2Fx.example&line_items[0][price]=price_x',
    );
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: 'resource_missing', message: "No such price: 'price_x'", param: 'line_items[0][price]' });
  });

  test.each([
    ['/v1/customers', 'nickname=x', 'parameter_unknown', 'nickname', 'Received unknown parameter: nickname'],
    [
      '/v1/checkout/sessions',
      'mode=subscription&success_url=https://x.example&line_items[0][colour]=red&line_items[0][price]=p',
      'parameter_unknown',
      'line_items[0][colour]',
      'Received unknown parameter: line_items[0][colour]',
    ],
    ['/v1/checkout/sessions', 'mode=subscription', 'parameter_missing', 'success_url', 'Missing required param: success_url.'],
    ['/v1/checkout/sessions', 'mode=subscription&success_url=javascript:alert(1)', 'url_invalid', 'success_url', 'Not a valid URL'],
    ['/v1/payment_intents', 'amount=ten&currency=usd', 'parameter_invalid_integer', 'amount', 'Invalid integer: ten'],
    [
      '/v1/subscriptions',
      'customer=&items[0][price]=p',
      'parameter_invalid_empty',
      'customer',
      expect.stringContaining("You passed an empty string for 'customer'."),
    ],
  ])('%s refuses %s', async (path, form, code, param, message) => {
    const { status, body } = await post(path, form);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ type: 'invalid_request_error', code, param, message });
  });

  test('a path that Stripe or the simulator does not have: 404', async () => {
    expect(await call('/v1/nothing')).toMatchObject({
      status: 404,
      body: {
        error: { type: 'invalid_request_error', message: 'Unrecognized request URL (GET: /v1/nothing). The simulator may not have it.' },
      },
    });
  });

  test('a body that is not a form is refused', async () => {
    const { status } = await post('/v1/customers', '{"email":"a@b.example"}', { 'content-type': 'application/json' });
    expect(status).toBe(415);
  });

  test('a parameter called __proto__ is only a parameter', async () => {
    const { status, body } = await post('/v1/customers', 'metadata[__proto__]=x&metadata[a][]=1');
    expect(status).toBe(400);
    expect(body.error.param).toBe('metadata[a]');
    const { body: customer } = await post('/v1/customers', '__proto__[email]=x');
    expect(customer.error.code).toBe('parameter_unknown');
  });

  describe('idempotency keys', () => {
    test('the same key and parameters: the same answer, once', async () => {
      const first = await post('/v1/customers', 'email=once%40example.com', { 'idempotency-key': 'k1' });
      const again = await post('/v1/customers', 'email=once%40example.com', { 'idempotency-key': 'k1' });
      expect(again.body).toEqual(first.body);
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      expect(again.headers.get('original-request')).toBe(first.headers.get('request-id'));
      expect((await world.stripe.customers.list({ email: 'once@example.com' })).data).toHaveLength(1);
    });

    test('other parameters, another endpoint: idempotency_error', async () => {
      await post('/v1/customers', 'email=k2%40example.com', { 'idempotency-key': 'k2' });
      const otherBody = await post('/v1/customers', 'email=other%40example.com', { 'idempotency-key': 'k2' });
      expect(otherBody.status).toBe(400);
      expect(otherBody.body.error).toEqual({
        type: 'idempotency_error',
        message:
          "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than 'k2' if you meant to execute a different request.",
        request_log_url: logUrl,
      });
      const otherPath = await post('/v1/products', 'name=x', { 'idempotency-key': 'k2' });
      expect(otherPath.body.error.message).toContain("('/v1/customers' vs '/v1/products')");
    });

    test('while the first is in flight: 409, and the SDK comes again for the answer', async () => {
      await world.control('POST', 'faults', { kind: 'slow', path: '/v1/customers', latency_ms: 700 });
      const both = [1, 2].map(() => post('/v1/customers', 'email=k3%40example.com', { 'idempotency-key': 'k3' }));
      const refused = await Promise.race(both);
      expect(refused.status).toBe(409);
      expect(refused.body.error).toMatchObject({ type: 'idempotency_error', code: 'idempotency_key_in_use' });
      const retried = await client(world.url, { maxNetworkRetries: 5 }).customers.create(
        { email: 'k3@example.com' },
        { idempotencyKey: 'k3' },
      );
      const done = (await Promise.all(both)).find(({ status }) => status === 200);
      expect(retried.id).toBe(done?.body.id);
    });

    test('a refused request does not use its key up; a declined card does', async () => {
      expect((await post('/v1/customers', 'bogus=1', { 'idempotency-key': 'k4' })).status).toBe(400);
      expect((await post('/v1/customers', 'email=k4%40example.com', { 'idempotency-key': 'k4' })).status).toBe(200);
      const form = 'amount=500&currency=usd&confirm=true&payment_method=pm_card_chargeDeclined';
      const declined = await post('/v1/payment_intents', form, { 'idempotency-key': 'k5' });
      expect(declined.status).toBe(402);
      expect(declined.body.error).toMatchObject({ type: 'card_error', code: 'card_declined', decline_code: 'generic_decline' });
      const again = await post('/v1/payment_intents', form, { 'idempotency-key': 'k5' });
      expect([again.status, again.body]).toEqual([402, declined.body]);
    });

    test('an answer that was lost: the SDK tries again and the customer exists once', async () => {
      await world.control('POST', 'faults', { kind: 'drop_after', method: 'POST', path: '/v1/customers' });
      const customer = await client(world.url, { maxNetworkRetries: 2 }).customers.create({ email: 'lost@example.com' });
      expect((await world.stripe.customers.list({ email: 'lost@example.com' })).data).toEqual([customer]);
    });
  });

  describe('lists', () => {
    test('pages by limit, starting_after and ending_before', async () => {
      const ids: string[] = [];
      for (let i = 0; i < 5; i += 1) ids.unshift((await world.stripe.customers.create({ email: 'list@example.com' })).id);
      const list = async (query: object): Promise<[string[], boolean]> => {
        const page = await world.stripe.customers.list({ email: 'list@example.com', ...query });
        return [page.data.map((one) => one.id), page.has_more];
      };
      expect(await list({})).toEqual([ids, false]);
      expect(await list({ limit: 2 })).toEqual([ids.slice(0, 2), true]);
      expect(await list({ limit: 2, starting_after: ids[1] })).toEqual([ids.slice(2, 4), true]);
      expect(await list({ limit: 2, starting_after: ids[3] })).toEqual([ids.slice(4), false]);
      expect(await list({ limit: 2, ending_before: ids[3] })).toEqual([ids.slice(1, 3), true]);
      expect(await list({ limit: 3, ending_before: ids[3] })).toEqual([ids.slice(0, 3), false]);
      await expect(list({ limit: 101 })).rejects.toMatchObject({ statusCode: 400, param: 'limit' });
      await expect(list({ starting_after: 'cus_x' })).rejects.toMatchObject({ code: 'resource_missing', param: 'starting_after' });
      const all = await world.stripe.customers.list({ email: 'list@example.com', limit: 2 }).autoPagingToArray({ limit: 10 });
      expect(all.map((one) => one.id)).toEqual(ids);
    });

    test('filters by the time of creation', async () => {
      await world.pass('1h');
      const { created } = await world.stripe.customers.create({ email: 'late@example.com' });
      expect((await world.stripe.customers.list({ created: { gte: created } })).data.map((one) => one.email)).toEqual(['late@example.com']);
      expect((await world.stripe.customers.list({ created: { lt: created }, limit: 100 })).data.map((one) => one.email)).not.toContain(
        'late@example.com',
      );
    });
  });

  describe('expansion', () => {
    test('replaces ids by objects, in lists and along paths', async () => {
      const subscription = await world.subscribe();
      const { data } = await world.stripe.invoices.list({
        customer: subscription.customer as string,
        expand: ['data.customer', 'data.parent.subscription_details.subscription', 'data.payments.data.payment.payment_intent'],
      });
      expect(data[0]).toMatchObject({
        customer: { object: 'customer' },
        parent: { subscription_details: { subscription: { object: 'subscription', id: subscription.id } } },
        payments: { data: [{ payment: { payment_intent: { object: 'payment_intent', status: 'succeeded' } } }] },
      });
    });

    test.each(['status', 'metadata.x', 'nothing', 'latest_invoice.customer.invoice_settings.default_payment_method.customer'])(
      'refuses %s',
      async (path) => {
        const subscription = await world.subscribe();
        await expect(world.stripe.subscriptions.retrieve(subscription.id, { expand: [path] })).rejects.toMatchObject({
          statusCode: 400,
          param: 'expand',
        });
      },
    );
  });

  test('pages: strict content policy, no script, everything escaped', async () => {
    const customer = await world.stripe.customers.create({ email: '"><script>alert(1)</script>@x.example' });
    const { url } = await world.checkout({ customer: customer.id, cancel_url: 'https://x.example/?a="><b>' });
    const response = await fetch(url ?? '');
    expect(response.headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    const page = await response.text();
    expect(page).not.toMatch(/<script|<style| style=|"><b>/);
    expect(page).toContain('Simulated Stripe.');
  });

  test('a card number that is no test card is declined, as in test mode', async () => {
    const session = await world.checkout();
    expect((await world.submit(session.url ?? '', { number: '4111111111111111' })).status).toBe(402);
    expect((await world.submit(session.url ?? '', { ...CARD, number: '4242424242424241' })).status).toBe(422);
  });
});
