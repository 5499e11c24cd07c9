import { Injectable, Logger } from '@nestjs/common';
import { RepeatedError } from '../../common/logging/repeated-error.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database } from '../../database/database.js';
import {
  type CustomerSubscriptions,
  StripeAccount,
  type StripeClient,
  StripeRefusalError,
  type StripeSubscription,
  UnknownCustomerError,
} from '../../integrations/stripe/index.js';
import { hasEnded, SubscriptionsService } from '../subscriptions/index.js';
import { findCancellations, findDisputedRenewals, findUnusedPayments } from './billing-rules.js';
import { CheckoutsRepository } from './checkouts.repository.js';
import { RefundsService } from './refunds.service.js';
import { CustomersRepository, type SyncRun } from './customers.repository.js';
import { PricesService } from './prices.service.js';
import { TrialsService } from './trials.service.js';

const CHECK_OPEN_CHECKOUT_EVERY_MS = 300_000;
/** Stripe needs a moment after the end of a period to begin the next one. */
const PERIOD_END_DELAY_MS = 2_000;
/**
 * The longest delays before another sync run: after Stripe was away, after it refused, and after it left out payments.
 */
const RETRY_UNAVAILABLE_MS = 30_000;
const RETRY_REFUSED_MS = 3_600_000;
const RETRY_INCOMPLETE_MS = 300_000;

/** What Stripe says about all customers of a user. */
interface KnownSubscriptions extends CustomerSubscriptions {
  /** The ids of stored subscriptions that ended with their customer. */
  readonly gone: ReadonlySet<string>;
  /** The former customers that were deleted. */
  readonly goneCustomers: readonly string[];
  /** The longest delay before the next run when the answer is incomplete; null when it is complete. */
  readonly retryMs: number | null;
}

/** Requests that follow each other within this time share one state. */
const DEFAULT_MAX_AGE_MS = 1_000;

/** A sync run of this process that has not ended. Times are of `performance.now()`. */
interface RunningSync {
  readonly startedAt: number;
  /** The run asks Stripe unless the stored state is younger. */
  readonly oldest: number;
  readonly hasAsked: Promise<boolean>;
}

/**
 * Copies the state of a customer at Stripe into this database. Every event, every return from the payment page and
 * every scheduled check starts the same sync run: it reads all subscriptions of the customer, cancels at Stripe those
 * that our rules forbid, and stores what Stripe says then. So neither the order nor the number of events matters, and
 * the next sync run makes up for whatever was lost.
 */
@Injectable()
export class SubscriptionSyncService {
  private readonly logger = new Logger(SubscriptionSyncService.name);
  private readonly unknown = new RepeatedError(this.logger);

  private readonly running = new Map<string, RunningSync>();

  constructor(
    private readonly database: Database,
    private readonly stripe: StripeAccount,
    private readonly customers: CustomersRepository,
    private readonly checkouts: CheckoutsRepository,
    private readonly subscriptions: SubscriptionsService,
    private readonly refunds: RefundsService,
    private readonly prices: PricesService,
    private readonly trials: TrialsService,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * Has the state stored that Stripe had at most `maxAgeMs` before this call; 0 for a caller that has changed something
   * at Stripe. One sync run of a user runs at a time in a process, and all callers whom it suits share it. Nothing is
   * done for a user without a customer. A run that fails is repeated later; until then Stripe's last answer holds.
   *
   * @throws BillingUnavailableError, also as UnknownCustomerError; StripeRefusalError
   */
  async sync(userId: string, { maxAgeMs = DEFAULT_MAX_AGE_MS } = {}): Promise<void> {
    const oldest = performance.now() - Math.max(0, maxAgeMs);
    for (;;) {
      const running = this.running.get(userId) ?? this.start(userId, oldest);
      if (running.startedAt < oldest) await running.hasAsked.catch(() => undefined);
      // A run that found a stored state new enough for its own caller has asked nothing.
      else if ((await running.hasAsked) || running.oldest >= oldest) return;
    }
  }

  private start(userId: string, oldest: number): RunningSync {
    const startedAt = performance.now();
    const hasAsked = this.run(userId, startedAt - oldest).finally(() => this.running.delete(userId));
    const running = { startedAt, oldest, hasAsked };
    this.running.set(userId, running);
    return running;
  }

  /** @returns whether Stripe was asked */
  private async run(userId: string, maxAgeMs: number): Promise<boolean> {
    const run = await this.customers.beginSyncRun(userId, maxAgeMs);
    if (!run) return false;
    try {
      await this.readAndStore(userId, run);
    } catch (error) {
      if (error instanceof UnknownCustomerError) this.logUnknown(`customer ${run.stripe_customer_id} of user ${userId}`);
      const isRefused = error instanceof StripeRefusalError || error instanceof UnknownCustomerError;
      await this.customers.retrySyncRun(this.database, userId, run, isRefused ? RETRY_REFUSED_MS : RETRY_UNAVAILABLE_MS);
      throw error;
    }
    return true;
  }

  private async readAndStore(userId: string, run: SyncRun): Promise<void> {
    const { client } = this.stripe;
    const known = await this.enforceRules(client, userId, run.stripe_customer_id);
    const isSubscribed = known.pro.some(({ status }) => !hasEnded(status));
    const hasOpenCheckout = await this.syncCheckout(client, userId, isSubscribed);
    const shown = { ...known, pro: await Promise.all(known.pro.map((subscription) => this.withKey(subscription))) };
    await this.database.transaction(async (transaction) => {
      if (!(await this.customers.finishSyncRun(transaction, userId, run))) return;
      // The same transaction stores the ends that follow from it: such a customer explains them to no later run.
      await this.customers.setGone(transaction, known.goneCustomers);
      const next = nextCheck(await this.subscriptions.record(transaction, userId, shown), hasOpenCheckout);
      if (known.retryMs === null) return this.customers.setCheckAt(transaction, userId, next);
      const longestMs = Math.max(0, Math.min(known.retryMs, (next?.getTime() ?? Infinity) - Date.now()));
      return this.customers.retrySyncRun(transaction, userId, run, longestMs);
    });
  }

  /** Names the price of a subscription as clients do. */
  private async withKey({ price, ...subscription }: StripeSubscription) {
    return { ...subscription, price: price && { ...price, key: await this.prices.findKey(price) } };
  }

  /** @returns the subscriptions as they are afterwards */
  private async enforceRules(client: StripeClient, userId: string, stripeCustomerId: string): Promise<KnownSubscriptions> {
    const found = await this.read(client, userId, stripeCustomerId);
    // What became of the payments decides which subscriptions end. Until it is known none does.
    if (!found.arePaymentsKnown) {
      this.logger.warn(`payments of customer ${stripeCustomerId} could not be read: its subscriptions hold by their statuses`);
      return found;
    }
    const cancellations = findCancellations(found.pro, await this.trials.claim({ userId, stripeCustomerId }, found.pro));
    for (const { subscription, cause, refund } of cancellations) {
      const id = subscription.stripeSubscriptionId;
      this.logger.warn(`subscription ${id} of user ${userId} is cancelled${refund === null ? '' : ' and refunded'}: ${cause}`);
      // The refund comes first: if this process dies in between, the next sync run still finds a live subscription.
      if (refund !== null) await this.refunds.refund({ paymentIntentId: refund, stripeCustomerId, reason: 'duplicate' });
      await client.subscriptions.cancelNow(id, cause);
    }
    const disputed = this.config.STRIPE_END_RENEWALS_ON_DISPUTE ? findDisputedRenewals(found.pro, cancellations) : [];
    for (const id of disputed) {
      this.logger.warn(`subscription ${id} of user ${userId} does not renew any more: a payment of it is disputed`);
      await client.subscriptions.cancel(id);
    }
    const after = cancellations.length + disputed.length === 0 ? found : await this.read(client, userId, stripeCustomerId);
    for (const paymentIntentId of findUnusedPayments(after.pro)) {
      await this.refunds.refund({ paymentIntentId, stripeCustomerId, reason: 'duplicate' });
    }
    return after;
  }

  /** Reads the subscriptions of every customer that the user has, or had before and that may still be charged. */
  private async read(client: StripeClient, userId: string, stripeCustomerId: string): Promise<KnownSubscriptions> {
    const lists = [await client.subscriptions.list(stripeCustomerId)];
    let isUnknown = false;
    const goneCustomers: string[] = [];
    for (const former of await this.customers.listFormer(userId)) {
      try {
        lists.push(await client.subscriptions.list(former));
        if (await client.customers.isDeleted(former)) goneCustomers.push(former);
      } catch (error) {
        if (!(error instanceof UnknownCustomerError)) throw error;
        // The current customer is known all the same, and counts.
        this.logUnknown(`former customer ${former} of user ${userId}`);
        isUnknown = true;
      }
    }
    const pro = lists.flatMap((list) => list.pro).sort((a, b) => b.startedAt.getTime() - a.startedAt.getTime());
    const others = new Set(lists.flatMap((list) => [...list.others]));
    const answered = new Set([...pro.map(({ stripeSubscriptionId: id }) => id), ...others]);
    const left = (await this.subscriptions.listLive(userId)).filter((id) => !answered.has(id));
    // A stored subscription that Stripe leaves out has ended only if its customer was deleted.
    const isDeleted = goneCustomers.length > 0 || (left.length > 0 && !isUnknown && (await client.customers.isDeleted(stripeCustomerId)));
    const isExplained = left.length === 0 || (isDeleted && !isUnknown);
    if (!isExplained) this.logUnknown(`subscription ${left.join(', ')} of user ${userId}`);
    const arePaymentsKnown = lists.every((list) => list.arePaymentsKnown);
    const retryMs = isUnknown || !isExplained ? RETRY_REFUSED_MS : arePaymentsKnown ? null : RETRY_INCOMPLETE_MS;
    return { pro, others, gone: new Set(isExplained ? left : []), goneCustomers, arePaymentsKnown, retryMs };
  }

  /** An operator has to look into it: the key may be that of another account. */
  private logUnknown(what: string): void {
    this.unknown.log(`${what} is unknown at Stripe, which proves no end: what Stripe said last holds, and it is asked again`);
  }

  /** @returns whether the user may still pay on a page that is open */
  private async syncCheckout(client: StripeClient, userId: string, isSubscribed: boolean): Promise<boolean> {
    const open = await this.checkouts.findOpen(userId);
    if (open?.stripeSessionId == null) return open !== null;
    const session = await client.checkouts.find(open.stripeSessionId);
    if (session?.status === 'open' && !isSubscribed) {
      // A page of the simulator has another address after the simulator was restarted.
      if (session.url !== null && session.url !== open.url) await this.checkouts.setUrl(open.id, session.url);
      return true;
    }
    if (session?.status === 'open') await client.checkouts.expire(session.id);
    await this.checkouts.close(open.id, session?.status === 'complete' ? 'complete' : 'expired');
    return false;
  }
}

function nextCheck(next: Date | null, hasOpenCheckout: boolean): Date | null {
  const now = Date.now();
  const moments = [
    ...(next === null ? [] : [next.getTime() + PERIOD_END_DELAY_MS]),
    ...(hasOpenCheckout ? [now + CHECK_OPEN_CHECKOUT_EVERY_MS] : []),
  ];
  return moments.length === 0 ? null : new Date(Math.min(...moments));
}
