import { Logger } from '@nestjs/common';
import { StripeAccount } from '../../../src/integrations/stripe/index.js';
import { StripeClient } from '../../../src/integrations/stripe/stripe.client.js';
import { PricesService } from '../../../src/modules/billing/prices.service.js';
import { testConfig } from '../../support/api.js';
import { openStripe, type StripeWorld } from '../../support/stripe-simulator.js';
import { until } from '../../support/until.js';

Logger.overrideLogger(false);

const MINUTE_MS = 60_000;

let world: StripeWorld;
let prices: PricesService;
let passed: number;

beforeEach(async () => {
  world = await openStripe({ running: true });
  const client = new StripeClient({
    apiKey: 'sk_test_simulated',
    prices: [],
    webhookSecrets: ['whsec_test'],
    timeoutMs: 2_000,
    checkout: { promotionCodes: false, automaticTax: false, termsConsent: false },
    baseUrl: world.url,
  });
  prices = new PricesService(new StripeAccount(client), testConfig({ STRIPE_PRICES: 'monthly=price_simulated_pro,annual=new_annual' }));
  passed = 0;
  const now = performance.now.bind(performance);
  jest.spyOn(performance, 'now').mockImplementation(() => now() + passed);
});

afterEach(async () => {
  jest.restoreAllMocks();
  await world.stop();
});

const sellAnnual = (amount: number) =>
  world.stripe.prices.create({
    product: 'prod_simulated_pro',
    currency: 'usd',
    unit_amount: amount,
    recurring: { interval: 'year' },
    lookup_key: 'new_annual',
  });
const amounts = async () => (await prices.listOffers()).map(({ key, amount }) => [key, amount]);
const breakStripe = () => world.control('POST', 'faults', { kind: 'error', path: '/v1/prices', times: 1_000 });

it('shows what it knows, and reads the prices again after five minutes', async () => {
  expect(await amounts()).toEqual([['monthly', 999]]);
  await sellAnnual(9_000);
  expect(await amounts()).toEqual([['monthly', 999]]);
  passed += 6 * MINUTE_MS;
  expect(await amounts()).toEqual([['monthly', 999]]);
  await until('the new price is there', async () => (await amounts()).length === 2);
  expect(await amounts()).toEqual([
    ['monthly', 999],
    ['annual', 9_000],
  ]);
});

it('holds the last prices for a day while Stripe is away, and not longer', async () => {
  expect(await amounts()).toEqual([['monthly', 999]]);
  await breakStripe();
  passed += 23 * 60 * MINUTE_MS;
  expect(await amounts()).toEqual([['monthly', 999]]);
  passed += 60 * MINUTE_MS + 1;
  await expect(prices.listOffers()).rejects.toMatchObject({ definition: { code: 'billing_unavailable' } });
  await world.control('DELETE', 'faults');
  passed += MINUTE_MS;
  expect(await amounts()).toEqual([['monthly', 999]]);
});

it('does not ask again at once after a failure', async () => {
  await breakStripe();
  await expect(prices.listOffers()).rejects.toThrow();
  await world.control('DELETE', 'faults');
  await expect(prices.listOffers()).rejects.toThrow();
  passed += 5_001;
  expect(await amounts()).toEqual([['monthly', 999]]);
});
