import type { StripePrice } from '../../integrations/stripe/index.js';
import { offersOf } from './price-offers.js';

const price = (id: string, given: Partial<StripePrice> = {}): StripePrice => ({
  id,
  productId: 'prod_1',
  isActive: true,
  interval: 'month',
  intervalCount: 1,
  amounts: [{ amount: 999, currency: 'usd' }],
  ...given,
});

it('offers every price in each of its currencies, first those that the settings name', () => {
  const offers = offersOf(
    new Map([
      [
        'monthly',
        price('price_1', {
          amounts: [
            { amount: 999, currency: 'usd' },
            { amount: 899, currency: 'eur' },
          ],
        }),
      ],
      ['annual', price('price_2', { interval: 'year', amounts: [{ amount: 9_900, currency: 'usd' }] })],
    ]),
  );
  expect(
    offers.map(({ key, priceId, amount, currency, isOneOfSeveral, interval }) => [
      key,
      priceId,
      amount,
      currency,
      isOneOfSeveral,
      interval,
    ]),
  ).toEqual([
    ['monthly', 'price_1', 999, 'usd', true, 'month'],
    ['annual', 'price_2', 9_900, 'usd', false, 'year'],
    ['monthly:eur', 'price_1', 899, 'eur', true, 'month'],
  ]);
});

it('offers no price that is archived', () => {
  expect(offersOf(new Map([['monthly', price('price_1', { isActive: false })]]))).toEqual([]);
});
