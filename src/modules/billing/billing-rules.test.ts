import type { StripeSubscription } from '../../integrations/stripe/index.js';
import { findCancellations } from './billing-rules.js';

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
const cancellations = (...subscriptions: StripeSubscription[]) =>
  findCancellations(subscriptions).map(({ subscription: { stripeSubscriptionId: id }, cause, refund }) => ({ id, cause, refund }));

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
    expect(cancellations(subscription('sub_1', given))).toEqual([]);
  }
});

it.each([
  ['refunded', 'refunded'],
  ['dispute_lost', 'dispute_lost'],
  ['failed', 'first_payment_failed'],
] as const)('ends one whose payment is %s, and keeps the next', (state, cause) => {
  const ended = subscription('sub_1', payment(state));
  expect(cancellations(ended)).toEqual([{ id: 'sub_1', cause, refund: null }]);
  expect(cancellations(subscription('sub_2'), ended)).toEqual([{ id: 'sub_1', cause, refund: null }]);
});

describe('of several', () => {
  const [older, newer] = [subscription('sub_b'), subscription('sub_a', { startedAt: new Date('2026-11-02T00:00:00Z') })];

  it('keeps the older one and refunds the other, in whatever order they are listed', () => {
    const expected = [{ id: 'sub_a', cause: 'duplicate', refund: 'pi_of_sub_a' }];
    expect(cancellations(older, newer)).toEqual(expected);
    expect(cancellations(newer, older)).toEqual(expected);
  });

  it('that began in the same second keeps the one that Stripe lists as the older', () => {
    const [one, other] = [subscription('sub_1'), subscription('sub_2')];
    expect(cancellations(one, other)).toMatchObject([{ id: 'sub_1' }]);
    expect(cancellations(other, one)).toMatchObject([{ id: 'sub_2' }]);
  });

  it('keeps an active one before an older one whose payment is late', () => {
    const late = { ...older, status: 'past_due', ...payment('failed', false) };
    expect(cancellations(late, newer)).toEqual([{ id: 'sub_b', cause: 'duplicate', refund: null }]);
    expect(cancellations({ ...older, status: 'unpaid', payment: null }, { ...newer, status: 'past_due' })).toMatchObject([{ id: 'sub_b' }]);
  });

  it('waits for a payment that is pending', () => {
    expect(cancellations(older, { ...newer, ...payment('pending') })).toEqual([]);
  });

  it('does not count those that have ended', () => {
    expect(
      cancellations({ ...older, status: 'canceled' }, { ...older, stripeSubscriptionId: 'sub_c', status: 'incomplete_expired' }, newer),
    ).toEqual([]);
  });
});
