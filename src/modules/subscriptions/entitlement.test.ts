import { entitledUntil, hasEnded, SUBSCRIPTION_STATUSES, type SubscriptionFacts } from './entitlement.js';

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
  ...given,
});
const until = (given: Partial<SubscriptionFacts>) => entitledUntil(facts(given), GRACE)?.getTime() ?? null;

describe('entitledUntil', () => {
  it.each(['active', 'trialing'])('%s: to the end of the period, and a moment more for the renewal to be heard of', (status) => {
    expect(until({ status })).toBe(END + LEEWAY);
  });

  it.each(['active', 'trialing'])('%s and cancelled: to the very second of its end', (status) => {
    expect(until({ status, endsAt: new Date(END) })).toBe(END);
    expect(until({ status, endsAt: new Date(START + DAY) })).toBe(START + DAY);
    // A later period comes first.
    expect(until({ status, endsAt: new Date(END + 5 * DAY) })).toBe(END + LEEWAY);
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

test('only a subscription that can never charge again has ended', () => {
  expect(SUBSCRIPTION_STATUSES.filter(hasEnded)).toEqual(['canceled', 'incomplete_expired']);
  expect(hasEnded('superactive')).toBe(false);
});
