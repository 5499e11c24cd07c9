import type { StripeSubscription } from '../../integrations/stripe/index.js';
import { judge } from './billing-rules.js';

const subscription = (id: string, given: Partial<StripeSubscription> = {}): StripeSubscription => ({
  stripeSubscriptionId: id,
  status: 'active',
  startedAt: new Date('2026-11-01T00:00:00Z'),
  currentPeriodStart: new Date('2026-11-01T00:00:00Z'),
  currentPeriodEnd: new Date('2026-12-01T00:00:00Z'),
  endsAt: null,
  unpaidSince: null,
  endedFor: null,
  payment: { paymentIntentId: `pi_of_${id}`, state: 'paid', isFirst: true },
  ...given,
});
const payment = (state: NonNullable<StripeSubscription['payment']>['state'], isFirst = true) => ({
  payment: { paymentIntentId: 'pi_1', state, isFirst },
});
const verdicts = (...subscriptions: StripeSubscription[]) =>
  judge(subscriptions).map(({ subscription: { stripeSubscriptionId: id }, cause, refund }) => ({ id, cause, refund }));

it('leaves one subscription that is paid, or may yet be, as it is', () => {
  for (const given of [
    {},
    payment('pending'),
    { payment: null },
    payment('failed', false),
    { status: 'past_due', ...payment('failed', false) },
    { status: 'incomplete', ...payment('failed') },
    { status: 'superactive' },
    { status: 'canceled', ...payment('refunded') },
  ]) {
    expect(verdicts(subscription('sub_1', given))).toEqual([]);
  }
});

it.each([
  ['refunded', 'refunded'],
  ['dispute_lost', 'dispute_lost'],
  ['failed', 'first_payment_failed'],
] as const)('ends one whose payment is %s, and keeps the next', (state, cause) => {
  const ended = subscription('sub_1', payment(state));
  expect(verdicts(ended)).toEqual([{ id: 'sub_1', cause, refund: null }]);
  expect(verdicts(subscription('sub_2'), ended)).toEqual([{ id: 'sub_1', cause, refund: null }]);
});

describe('of several', () => {
  const [older, newer] = [subscription('sub_b'), subscription('sub_a', { startedAt: new Date('2026-11-02T00:00:00Z') })];

  it('keeps the older one and gives the other’s money back, in whatever order they are seen', () => {
    const expected = [{ id: 'sub_a', cause: 'duplicate', refund: 'pi_of_sub_a' }];
    expect(verdicts(older, newer)).toEqual(expected);
    expect(verdicts(newer, older)).toEqual(expected);
  });

  it('that began in the same second keeps the one that Stripe lists as the older', () => {
    const [one, other] = [subscription('sub_1'), subscription('sub_2')];
    expect(verdicts(one, other)).toMatchObject([{ id: 'sub_1' }]);
    expect(verdicts(other, one)).toMatchObject([{ id: 'sub_2' }]);
  });

  it('keeps the one that works before an older one that is behind', () => {
    const behind = { ...older, status: 'past_due', ...payment('failed', false) };
    expect(verdicts(behind, newer)).toEqual([{ id: 'sub_b', cause: 'duplicate', refund: null }]);
    expect(verdicts({ ...older, status: 'unpaid', payment: null }, { ...newer, status: 'past_due' })).toMatchObject([{ id: 'sub_b' }]);
  });

  it('waits for money that is on its way', () => {
    expect(verdicts(older, { ...newer, ...payment('pending') })).toEqual([]);
  });

  it('does not count those that are over', () => {
    expect(
      verdicts({ ...older, status: 'canceled' }, { ...older, stripeSubscriptionId: 'sub_c', status: 'incomplete_expired' }, newer),
    ).toEqual([]);
  });
});
