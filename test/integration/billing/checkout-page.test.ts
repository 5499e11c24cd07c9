import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { CheckoutSettings } from '../../../src/integrations/stripe/checkouts.client.js';
import { StripeClient } from '../../../src/integrations/stripe/stripe.client.js';

/** Answers every call with an open session, and keeps what was asked for. */
let server: Server;
let asked: URLSearchParams;
let keyOfRequest: unknown;

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      asked = new URLSearchParams(body);
      keyOfRequest = request.headers['idempotency-key'];
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ id: 'cs_test_1', object: 'checkout.session', customer: 'cus_1', status: 'open', url: 'https://pay.example' }),
      );
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const NOTHING: CheckoutSettings = { promotionCodes: false, automaticTax: false, termsConsent: false };
const PAGE = {
  checkoutId: '1',
  userId: 'user',
  stripeCustomerId: 'cus_1',
  successUrl: 'https://app.example.com/done',
  cancelUrl: 'https://app.example.com/plans',
  priceId: 'price_1',
  currency: null,
  trialDays: 0,
};
const PLAIN = {
  mode: 'subscription',
  customer: 'cus_1',
  client_reference_id: 'user',
  'line_items[0][price]': 'price_1',
  'line_items[0][quantity]': '1',
  success_url: 'https://app.example.com/done',
  cancel_url: 'https://app.example.com/plans',
  'metadata[user_id]': 'user',
  'subscription_data[metadata][user_id]': 'user',
};

async function askedFor(checkout: CheckoutSettings, page: { readonly currency?: string; readonly trialDays?: number } = {}) {
  const { port } = server.address() as AddressInfo;
  const client = new StripeClient({
    apiKey: 'sk_test_1',
    prices: [],
    webhookSecrets: [],
    timeoutMs: 5_000,
    checkout,
    baseUrl: `http://127.0.0.1:${port}`,
  });
  await client.checkouts.create({ ...PAGE, ...page });
  return Object.fromEntries(asked);
}

it('asks for nothing besides the payment unless a setting says so', async () => {
  expect(await askedFor(NOTHING)).toEqual(PLAIN);
});

it('takes promotion codes', async () => {
  expect(await askedFor({ ...NOTHING, promotionCodes: true })).toEqual({ ...PLAIN, allow_promotion_codes: 'true' });
});

// https://docs.stripe.com/tax/checkout: an existing customer needs `customer_update`.
it('has taxes added, by the address and the tax id that it asks for and stores with the customer', async () => {
  expect(await askedFor({ ...NOTHING, automaticTax: true })).toEqual({
    ...PLAIN,
    'automatic_tax[enabled]': 'true',
    billing_address_collection: 'required',
    'tax_id_collection[enabled]': 'true',
    'customer_update[address]': 'auto',
    'customer_update[name]': 'auto',
  });
});

it('asks for consent to the terms', async () => {
  expect(await askedFor({ ...NOTHING, termsConsent: true })).toEqual({ ...PLAIN, 'consent_collection[terms_of_service]': 'required' });
});

it('offers the price in the currency that was chosen, and a trial that it marks', async () => {
  expect(await askedFor(NOTHING, { currency: 'eur', trialDays: 7 })).toEqual({
    ...PLAIN,
    currency: 'eur',
    'subscription_data[metadata][trial_days]': '7',
    'subscription_data[trial_period_days]': '7',
  });
});

// https://docs.stripe.com/api/idempotent_requests: other parameters under a known key are an error.
it('repeats a request under its idempotency key, and makes another request under another one', async () => {
  await askedFor(NOTHING, { trialDays: 7 });
  const first = keyOfRequest;
  await askedFor(NOTHING, { trialDays: 7 });
  expect(keyOfRequest).toBe(first);
  await askedFor(NOTHING);
  expect(keyOfRequest).not.toBe(first);
});
