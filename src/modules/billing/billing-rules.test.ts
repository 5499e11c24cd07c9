import type { StripeSubscription } from '../../integrations/stripe/index.js';
import { findCancellations, findDisputedRenewals, findUnusedPayments, isSameAccount } from './billing-rules.js';

it.each([
  ['acct_1', false, 'acct_1', false, true],
  ['acct_1', false, 'acct_2', false, false],
  ['acct_1', false, 'acct_1', true, false],
  ['acct_1', true, null, true, true],
  ['acct_1', true, null, false, false],
  [null, true, 'acct_1', true, true],
  [null, false, 'acct_1', true, false],
])('account %s, live %s, and a key of %s, live %s, are the same: %s', (stored, livemode, accountId, isLive, same) => {
  expect(isSameAccount({ accountId: stored, livemode }, { accountId, isLive })).toBe(same);
});

const subscription = (id: string, given: Partial<StripeSubscription> = {}): StripeSubscription => ({
  stripeSubscriptionId: id,
  status: 'active',
  startedAt: new Date('2026-11-01T00:00:00Z'),
  currentPeriodStart: new Date('2026-11-01T00:00:00Z'),
  currentPeriodEnd: new Date('2026-12-01T00:00:00Z'),
  endsAt: null,
  unpaidSince: null,
  endedFor: null,
  trial: null,
  trialEnd: null,
  price: null,
  openInvoice: null,
  isInvoiced: false,
  dispute: null,
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
    payment('unconfirmed'),
    { payment: null },
    payment('failed', false),
    { status: 'past_due', ...payment('failed', false) },
    { status: 'incomplete', ...payment('failed') },
    { status: 'superactive' },
    { status: 'canceled', ...payment('refunded') },
    { status: 'canceled', dispute: 'lost' as const },
    { dispute: 'open' as const },
    { isInvoiced: true, ...payment('pending') },
    { isInvoiced: true, ...payment('failed') },
  ]) {
    expect(cancellations(subscription('sub_1', given))).toEqual([]);
  }
});

it.each([
  ['payment was refunded', payment('refunded'), 'refunded'],
  ['first payment failed', payment('failed'), 'first_payment_failed'],
  ['payment was lost in a dispute', { dispute: 'lost' }, 'dispute_lost'],
  ['payment of an earlier period was lost in a dispute', { ...payment('paid', false), dispute: 'lost' }, 'dispute_lost'],
  ['invoice was sent, paid and refunded', { isInvoiced: true, ...payment('refunded') }, 'refunded'],
] as const)('ends one whose %s, and keeps the next', (_name, given, cause) => {
  const ended = subscription('sub_1', given);
  expect(cancellations(ended)).toEqual([{ id: 'sub_1', cause, refund: null }]);
  expect(cancellations(subscription('sub_2'), ended)).toEqual([{ id: 'sub_1', cause, refund: null }]);
});

it('finds the renewals that a dispute ends', () => {
  const [disputed, ending] = [subscription('sub_1', { dispute: 'open' }), subscription('sub_2', { dispute: 'open', endsAt: new Date() })];
  const others = [
    subscription('sub_3'),
    subscription('sub_4', { dispute: 'lost' }),
    subscription('sub_5', { dispute: 'open', status: 'canceled' }),
  ];
  expect(findDisputedRenewals([disputed, ending, ...others], [])).toEqual(['sub_1']);
  expect(findDisputedRenewals([disputed], [{ subscription: disputed, cause: 'duplicate', refund: null }])).toEqual([]);
});

it('ends a repeated trial, and keeps the subscription beside it', () => {
  const [trial, paid] = [subscription('sub_1', { status: 'trialing', payment: null }), subscription('sub_2')];
  expect(findCancellations([trial, paid], new Set(['sub_1']))).toEqual([{ subscription: trial, cause: 'trial_used', refund: null }]);
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

  it('ends one whose renewal waits for its payer, and leaves a new one to the payer', () => {
    const waiting = { ...older, ...payment('unconfirmed', false) };
    expect(cancellations({ ...waiting, status: 'past_due' }, newer)).toEqual([{ id: 'sub_b', cause: 'duplicate', refund: null }]);
    expect(cancellations({ ...waiting, status: 'incomplete' }, newer)).toEqual([]);
  });

  it('leaves one whose invoices are sent beside an older one, and counts an older one', () => {
    expect(cancellations(older, { ...newer, isInvoiced: true })).toEqual([]);
    expect(cancellations({ ...older, isInvoiced: true, ...payment('pending') }, newer)).toMatchObject([{ id: 'sub_a' }]);
  });

  it('does not count those that have ended', () => {
    expect(
      cancellations({ ...older, status: 'canceled' }, { ...older, stripeSubscriptionId: 'sub_c', status: 'incomplete_expired' }, newer),
    ).toEqual([]);
  });
});

describe('a payment of a duplicate that has ended', () => {
  const ended = { status: 'canceled', endedFor: 'duplicate', endsAt: new Date('2026-11-01T00:00:05Z') };

  it('is unused when it is for the period of the end', () => {
    expect(findUnusedPayments([subscription('sub_1', ended)])).toEqual(['pi_of_sub_1']);
  });

  it.each([
    ['it was refunded', payment('refunded')],
    ['a bank decides on it', payment('pending')],
    ['the period was over', { endsAt: new Date('2026-12-01T00:00:00Z') }],
    ['the subscription ended otherwise', { endedFor: null }],
    ['the subscription goes on', { status: 'active', endsAt: null, endedFor: null }],
  ])('is let alone when %s', (_, given) => {
    expect(findUnusedPayments([subscription('sub_1', { ...ended, ...given })])).toEqual([]);
  });
});
