import type { Attention, Queue, StripeStatus } from '../api.ts';
import { usd } from '../format.ts';
import { findingsOf } from './findings.ts';

const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000 - 1_000).toISOString();

const QUIET: Attention = {
  oldest_unfinished_reply: { message_id: 'm', user_id: 'u', username: 'ada', status: 'pending', created_at: minutesAgo(0) },
  models: [{ model: 'gemini', completed: 17, failed: 1, retried: 3, paused_until: null }],
  webhook_events: { waiting: 1, failing: 0, oldest_waiting_at: minutesAgo(0) },
  owed_refunds: 0,
  overdue_customers: 0,
  budget: { spent_usd: 7.9, limit_usd: 10, resets_at: minutesAgo(-60) },
};
const QUEUE: Queue = {
  name: 'replies',
  paused: false,
  counts: { waiting: 3, active: 1, delayed: 0, failed: 0 },
  oldest_waiting_at: null,
  failed_jobs: [],
};
const STRIPE: StripeStatus = {
  configured: true,
  account_id: 'acct_1',
  other_account: false,
  key_refused: false,
  mode: 'live',
  reachable: true,
  unsold_prices: [],
};

const textsOf = (attention: Partial<Attention>, queue: Partial<Queue> = {}, stripe: Partial<StripeStatus> = {}): string[] =>
  findingsOf({ ...QUIET, ...attention }, [{ ...QUEUE, ...queue }], { ...STRIPE, ...stripe }).map(({ text }) => text);

it('finds nothing where all is as usual', () => {
  expect(textsOf({})).toEqual([]);
  expect(textsOf({ budget: { ...QUIET.budget, spent_usd: 99, limit_usd: null } }, {}, { configured: false, reachable: false })).toEqual([]);
});

it.each<[Partial<Attention>, string]>([
  [
    { oldest_unfinished_reply: { message_id: 'm', user_id: 'u', username: 'ada', status: 'pending', created_at: minutesAgo(1) } },
    'The oldest unfinished reply, to ada, has waited 1 minute.',
  ],
  [
    { models: [{ model: 'gemini', completed: 20, failed: 1, retried: 4, paused_until: null }] },
    'gemini is failing: 5 of 25 attempts in the last two hours.',
  ],
  [{ webhook_events: { waiting: 2, failing: 2, oldest_waiting_at: null } }, 'Stripe’s events: 2 failing events, tried again later.'],
  [
    { webhook_events: { waiting: 1, failing: 0, oldest_waiting_at: minutesAgo(150) } },
    'Stripe’s events: 1 waiting event, the oldest for 2 hours.',
  ],
  [{ owed_refunds: 1 }, 'Owed to customers: 1 refund.'],
  [{ overdue_customers: 100 }, 'Not read from Stripe in time: 100 customers or more.'],
  [{ budget: { ...QUIET.budget, spent_usd: 8 } }, `${usd(8)} of the day’s budget of ${usd(10)} is spent.`],
])('of %j it says: %s', (attention, text) => {
  expect(textsOf(attention)).toEqual([text]);
});

it('names queues and what is wrong with Stripe', () => {
  expect(textsOf({}, { paused: true })).toEqual(['The queue replies is paused, with 3 waiting jobs.']);
  expect(textsOf({}, { counts: { ...QUEUE.counts, failed: 1 } })).toEqual(['The queue replies has 1 failed job.']);
  expect(textsOf({}, {}, { reachable: false })).toEqual(['Stripe cannot be reached.']);
  expect(textsOf({}, {}, { other_account: true, reachable: false })).toEqual([
    'The Stripe key is of another account or mode: no call is made.',
  ]);
  expect(textsOf({}, {}, { key_refused: true, reachable: false })).toEqual(['Stripe does not accept the key: no call is made.']);
  expect(textsOf({}, {}, { unsold_prices: [{ key: 'annual', reference: 'pro_annual', reason: 'not_recurring' }] })).toEqual([
    'The price annual (pro_annual) is not sold: not recurring.',
  ]);
});
