import { Injectable } from '@nestjs/common';
import type { Plan } from '../../common/actor.js';
import { NotFoundError } from '../../common/errors/common.errors.js';
import { newId } from '../../common/ids.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { entitledUntil, hasEnded, type OpenInvoice, type PaidPrice, shownStatus, type SubscriptionFacts } from './entitlement.js';
import { PlansService } from './plans.service.js';
import { type StoredSubscription, SubscriptionsRepository } from './subscriptions.repository.js';
import type { Transaction } from '../../database/database.js';
import { causeOf, type TransitionCause } from './transition-cause.js';
import { TransitionsRepository } from './transitions.repository.js';

/** A user's plan, subscription and daily usage. */
export interface SubscriptionStatus {
  readonly plan: Plan;
  /** Stripe's status of the most relevant subscription; `none` without one. */
  readonly status: string;
  /** The end of Pro if nothing changes; null on the Basic plan. */
  readonly activeUntil: Date | null;
  readonly cancelAtPeriodEnd: boolean;
  /** Null unless a trial is running. */
  readonly trialEnd: Date | null;
  /** Null without a subscription that goes on. */
  readonly price: PaidPrice | null;
  readonly openInvoice: OpenInvoice | null;
  /** Null for no limit. */
  readonly dailyLimit: number | null;
  readonly usedToday: number;
  readonly remainingToday: number | null;
  /** The next midnight UTC. */
  readonly resetsAt: Date;
}

/** What is known about a user's subscriptions at Stripe. */
interface KnownSubscriptions {
  readonly pro: readonly SubscriptionFacts[];
  readonly others: ReadonlySet<string>;
  readonly gone: ReadonlySet<string>;
}

/** Ends that differ by less are the same: Stripe reports them in seconds, and its clock may differ from ours. */
const SAME_MOMENT_MS = 60_000;
/** The time until the next sync run, if a period has ended and Stripe has not begun the next one. */
const RENEWAL_CHECK_MS = 60_000;
/**
 * The longest time between two sync runs of a user with a live subscription, and of one whose subscriptions have ended.
 */
const CHECK_LIVE_EVERY_MS = 86_400_000;
const CHECK_ENDED_EVERY_MS = 7 * 86_400_000;

/** Entitlements of users. They follow from subscriptions at Stripe and from grants; nothing sets them directly. */
@Injectable()
export class SubscriptionsService {
  constructor(
    private readonly subscriptions: SubscriptionsRepository,
    private readonly transitions: TransitionsRepository,
    private readonly plans: PlansService,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws NotFoundError when the account was erased while the request ran */
  async getStatus(userId: string): Promise<SubscriptionStatus> {
    const row = await this.subscriptions.findStatus(userId);
    if (!row) throw new NotFoundError();
    const { dailyLimit } = this.plans.limitsOf(row.plan);
    const status = row.status && shownStatus(row.status, { isEntitled: row.is_entitled === true, endsAt: row.ends_at });
    const isLive = status !== null && !hasEnded(status);
    return {
      plan: row.plan,
      status: status ?? 'none',
      activeUntil: row.plan === 'pro' ? row.active_until : null,
      cancelAtPeriodEnd: isLive && row.ends_at !== null,
      trialEnd: status === 'trialing' ? row.trial_end : null,
      price: isLive ? row.price : null,
      openInvoice: isLive ? row.open_invoice : null,
      dailyLimit,
      usedToday: row.used_today,
      remainingToday: dailyLimit === null ? null : Math.max(0, dailyLimit - row.used_today),
      resetsAt: row.resets_at,
    };
  }

  /** The user's subscription at Stripe that has not ended; null without one. */
  async findLive(userId: string): Promise<{ stripeSubscriptionId: string; endsAt: Date | null; price: PaidPrice | null } | null> {
    const live = await this.subscriptions.findLive(userId);
    return live && { stripeSubscriptionId: live.stripeSubscriptionId, endsAt: live.endsAt, price: live.price };
  }

  /** The ids at Stripe of the user's subscriptions that have not ended, as far as is stored. */
  listLive(userId: string): Promise<string[]> {
    return this.subscriptions.listLive(userId);
  }

  /** What the active and past due subscriptions cost a month, by currency, in its smallest unit. */
  listMonthlyRevenue(): Promise<{ readonly currency: string; readonly amount: number }[]> {
    return this.subscriptions.sumMonthly();
  }

  /**
   * Stores the subscriptions to Pro that a user has at Stripe, with a transition for each one that changed. A stored
   * subscription that Stripe's answer leaves out stays as it is, unless it is named in `others` or `gone`: an end needs
   * evidence.
   *
   * @param known.others the ids of subscriptions to other products, which have ended as ones to Pro
   * @param known.gone the ids of subscriptions whose customer was deleted, which ended with it
   * @returns the time of the next sync run: the next time at which one of them may end or renew, soon if that time has
   * passed, and at least once a day; seldom for a user whose subscriptions have all ended; null without any
   */
  async record(on: Transaction, userId: string, { pro: known, others, gone }: KnownSubscriptions): Promise<Date | null> {
    const stored = new Map((await this.subscriptions.lockAll(on, userId)).map((row) => [row.stripeSubscriptionId, row]));
    const hasSubscribed = stored.size > 0 || known.length > 0;
    const due: number[] = [];
    for (const facts of known) {
      const until = entitledUntil(facts, this.config.PAST_DUE_GRACE);
      const before = stored.get(facts.stripeSubscriptionId) ?? null;
      stored.delete(facts.stripeSubscriptionId);
      await this.write(on, userId, before, facts, until);
      if (!hasEnded(facts.status)) due.push(Math.min(nextMoment(facts, until), Date.now() + CHECK_LIVE_EVERY_MS));
    }
    for (const left of stored.values()) {
      if (hasEnded(left.status)) continue;
      const cause = others.has(left.stripeSubscriptionId) ? 'stripe' : gone.has(left.stripeSubscriptionId) ? 'customer_deleted' : null;
      if (cause === null) continue;
      const after = await this.subscriptions.end(on, left);
      await this.recordChange(on, userId, left, after, cause);
    }
    if (hasSubscribed) due.push(Date.now() + CHECK_ENDED_EVERY_MS);
    return due.length === 0 ? null : new Date(Math.min(...due));
  }

  /** Deletes a user's subscriptions with their history. Grants stay. */
  async forget(on: Transaction, userId: string): Promise<void> {
    await this.subscriptions.deleteAll(on, userId);
    await this.transitions.deleteOfSubscriptions(on, userId);
  }

  private async write(
    on: Transaction,
    userId: string,
    before: StoredSubscription | null,
    facts: SubscriptionFacts,
    until: Date | null,
  ): Promise<void> {
    const after = await this.subscriptions.upsert(on, { id: before?.id ?? newId(), userId, facts, entitledUntil: until });
    if (before === null || differs(before, after)) await this.recordChange(on, userId, before, after, causeOf(facts.endedFor));
  }

  private recordChange(
    on: Transaction,
    userId: string,
    before: StoredSubscription | null,
    after: StoredSubscription,
    cause: TransitionCause,
  ): Promise<void> {
    return this.transitions.record(on, {
      userId,
      subjectKind: 'subscription',
      subjectId: after.id,
      cause,
      actorId: null,
      reason: null,
      before: before && toTransitionState(before),
      after: toTransitionState(after),
    });
  }
}

/** @returns a time in milliseconds, as `Date.now()` does */
function nextMoment({ currentPeriodEnd, endsAt }: SubscriptionFacts, until: Date | null): number {
  const now = Date.now();
  const moments = [currentPeriodEnd, endsAt, until].flatMap((moment) =>
    moment !== null && moment.getTime() > now ? [moment.getTime()] : [],
  );
  return currentPeriodEnd.getTime() > now ? Math.min(...moments) : now + RENEWAL_CHECK_MS;
}

const differs = (before: StoredSubscription, after: StoredSubscription): boolean =>
  before.status !== after.status || moved(before.entitledUntil, after.entitledUntil) || moved(before.endsAt, after.endsAt);

const moved = (before: Date | null, after: Date | null): boolean =>
  before === null || after === null ? before !== after : Math.abs(after.getTime() - before.getTime()) > SAME_MOMENT_MS;

const toTransitionState = ({ status, entitledUntil, endsAt }: StoredSubscription) => ({
  status,
  entitled_until: entitledUntil,
  ends_at: endsAt,
});
