import { entitledUntil, hasEnded, shownStatus, SUBSCRIPTION_STATUSES, type SubscriptionFacts } from './entitlement.js';

const DAY = 86_400_000;
const GRACE = 3 * DAY;
const LEEWAY = 600_000;
const START = Date.parse('2026-11-01T00:00:00Z');
const END = START + 30 * DAY;

const facts = (given: Partial<SubscriptionFacts>): SubscriptionFacts => ({
  stripeSubscriptionId: 'sub_1',
  status: 'active',
  startedAt: new Date(START),
  currentPeriodStart: new Date(START),
  currentPeriodEnd: new Date(END),
  endsAt: null,
  unpaidSince: null,
  endedFor: null,
  trialEnd: null,
  price: null,
  openInvoice: null,
  ...given,
});
const until = (given: Partial<SubscriptionFacts>) => entitledUntil(facts(given), GRACE)?.getTime() ?? null;

describe('entitledUntil', () => {
  it.each(['active', 'trialing'])('%s: to the end of the period, and for the grace as long as Stripe cannot be asked', (status) => {
    expect(until({ status })).toBe(END + GRACE);
    expect(entitledUntil(facts({ status }), 0)?.getTime()).toBe(END + LEEWAY);
  });

  it.each(['active', 'trialing'])('%s and cancelled: to the very second of its end', (status) => {
    expect(until({ status, endsAt: new Date(END) })).toBe(END);
    expect(until({ status, endsAt: new Date(START + DAY) })).toBe(START + DAY);
    // A later period comes first.
    expect(until({ status, endsAt: new Date(END + 5 * DAY) })).toBe(END + GRACE);
  });

  it('past_due: for the grace, from when the oldest unpaid invoice was due', () => {
    expect(until({ status: 'past_due' })).toBe(START + GRACE);
    expect(until({ status: 'past_due', unpaidSince: new Date(START + 1_000) })).toBe(START + 1_000 + GRACE);
    // Months later it is still the first of them that counts.
    expect(until({ status: 'past_due', unpaidSince: new Date(START - 60 * DAY) })).toBe(START - 60 * DAY + GRACE);
    expect(until({ status: 'past_due', endsAt: new Date(START + DAY) })).toBe(START + DAY);
    expect(until({ status: 'past_due', endsAt: new Date(END) })).toBe(START + GRACE);
  });

  it.each(['incomplete', 'incomplete_expired', 'unpaid', 'canceled', 'paused', 'superactive', '', 'ACTIVE', 'constructor'])(
    '%s: not at all',
    (status) => {
      expect(until({ status })).toBeNull();
      expect(until({ status, endsAt: new Date(END) })).toBeNull();
    },
  );

  it('knows every status of Stripe', () => {
    const granting = SUBSCRIPTION_STATUSES.filter((status) => until({ status }) !== null);
    expect(granting).toEqual(['trialing', 'active', 'past_due']);
  });
});

test.each([
  ['active', true, null, 'active'],
  ['active', false, null, 'past_due'],
  ['trialing', false, null, 'past_due'],
  ['active', false, new Date(END), 'canceled'],
  ['past_due', false, null, 'past_due'],
  ['past_due', true, null, 'past_due'],
  ['canceled', false, new Date(END), 'canceled'],
  ['superactive', false, null, 'superactive'],
])('%s, entitled %s, with the end %s is shown as %s', (status, isEntitled, endsAt, shown) => {
  expect(shownStatus(status, { isEntitled, endsAt })).toBe(shown);
});

test('only a subscription that can never charge again has ended', () => {
  expect(SUBSCRIPTION_STATUSES.filter(hasEnded)).toEqual(['canceled', 'incomplete_expired']);
  expect(hasEnded('superactive')).toBe(false);
});
