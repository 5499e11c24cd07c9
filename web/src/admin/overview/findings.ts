import type { Attention, Queue, StripeStatus } from '../api.ts';
import { count, usd } from '../format.ts';
import { hrefOf } from '../route.ts';

/** What needs a hand, and where to lend it. */
export interface Finding {
  readonly text: string;
  readonly href: string | null;
}

/** The longest time that is usual for a reply to be finished, and for an event to be processed. */
const USUAL_MS = 60_000;
/** A model is failing from these many failed attempts on, when they are this share of all. */
const FEW_FAILURES = 5;
const FAILING_SHARE = 0.2;
const BUDGET_SHARE = 0.8;
/** The API counts as far as this. */
const COUNTED = 100;

/** A number of things: `1 job`, `2 jobs`. */
const several = (number: number, thing: string): string => `${count(number)} ${thing}${number === 1 ? '' : 's'}`;

const upTo = (number: number, thing: string): string => (number >= COUNTED ? `${COUNTED} ${thing}s or more` : several(number, thing));

function durationSince(at: string): string {
  const minutes = Math.floor((Date.now() - Date.parse(at)) / 60_000);
  if (minutes < 120) return several(minutes, 'minute');
  return minutes < 2_880 ? several(Math.floor(minutes / 60), 'hour') : several(Math.floor(minutes / 1_440), 'day');
}

const isLate = (at: string | null): at is string => at !== null && Date.now() - Date.parse(at) > USUAL_MS;

const ofQueues = (queues: readonly Queue[]): Finding[] =>
  queues.flatMap(({ name, paused, counts }) => [
    ...(paused ? [{ text: `The queue ${name} is paused, with ${several(counts.waiting, 'waiting job')}.`, href: hrefOf('queues') }] : []),
    ...(counts.failed > 0 ? [{ text: `The queue ${name} has ${several(counts.failed, 'failed job')}.`, href: hrefOf('queues') }] : []),
  ]);

function ofReplies({ oldest_unfinished_reply: oldest }: Attention): Finding[] {
  if (oldest === null || !isLate(oldest.created_at)) return [];
  const href = hrefOf('messages', { status: oldest.status, user_id: oldest.user_id });
  return [{ text: `The oldest unfinished reply, to ${oldest.username}, has waited ${durationSince(oldest.created_at)}.`, href }];
}

const ofModels = ({ models }: Attention): Finding[] =>
  models.flatMap(({ model, completed, failed, retried, paused_until }) => {
    const attempts = failed + retried;
    const isFailing = attempts >= FEW_FAILURES && attempts / (attempts + completed) >= FAILING_SHARE;
    return [
      ...(paused_until === null
        ? []
        : [{ text: `${model} is paused until ${new Date(paused_until).toLocaleTimeString()}: Gemini asked to wait.`, href: null }]),
      ...(isFailing
        ? [
            {
              text: `${model} is failing: ${count(attempts)} of ${count(attempts + completed)} attempts in the last two hours.`,
              href: hrefOf('messages', { status: 'failed' }),
            },
          ]
        : []),
    ];
  });

const ofEvents = ({ webhook_events: { waiting, failing, oldest_waiting_at } }: Attention): Finding[] => [
  ...(failing > 0
    ? [
        {
          text: `Stripe’s events: ${several(failing, 'failing event')}, tried again later.`,
          href: hrefOf('webhook-events', { failing: 'true' }),
        },
      ]
    : []),
  ...(isLate(oldest_waiting_at)
    ? [
        {
          text: `Stripe’s events: ${several(waiting, 'waiting event')}, the oldest for ${durationSince(oldest_waiting_at)}.`,
          href: hrefOf('webhook-events', { pending: 'true' }),
        },
      ]
    : []),
];

const ofPayments = ({ owed_refunds: refunds, overdue_customers: overdue }: Attention): Finding[] => [
  ...(refunds > 0 ? [{ text: `Owed to customers: ${upTo(refunds, 'refund')}.`, href: hrefOf('refunds', { status: 'owed' }) }] : []),
  ...(overdue > 0 ? [{ text: `Not read from Stripe in time: ${upTo(overdue, 'customer')}.`, href: hrefOf('overdue') }] : []),
];

const ofBudget = ({ budget: { spent_usd: spent, limit_usd: limit } }: Attention): Finding[] =>
  limit === null || spent < limit * BUDGET_SHARE
    ? []
    : [{ text: `${usd(spent)} of the day’s budget of ${usd(limit)} is spent.`, href: hrefOf('overview', { days: '1' }) }];

function ofStripe({
  configured,
  reachable,
  other_account: isOther,
  key_refused: isRefused,
  unsold_prices: unsold,
}: StripeStatus): Finding[] {
  if (!configured) return [];
  if (isOther) return [{ text: 'The Stripe key is of another account or mode: no call is made.', href: null }];
  if (isRefused) return [{ text: 'Stripe does not accept the key: no call is made.', href: null }];
  if (!reachable) return [{ text: 'Stripe cannot be reached.', href: null }];
  return unsold.map(({ key, reference, reason }) => ({
    text: `The price ${key} (${reference}) is not sold: ${reason.replaceAll('_', ' ')}.`,
    href: null,
  }));
}

/** What needs a hand, the most urgent first. */
export const findingsOf = (attention: Attention, queues: readonly Queue[], stripe: StripeStatus): Finding[] => [
  ...ofQueues(queues),
  ...ofReplies(attention),
  ...ofModels(attention),
  ...ofBudget(attention),
  ...ofStripe(stripe),
  ...ofEvents(attention),
  ...ofPayments(attention),
];
