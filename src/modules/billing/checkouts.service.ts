import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { NotFoundError, RateLimitedError } from '../../common/errors/common.errors.js';
import type { IdempotencyKey } from '../../common/idempotency-key.js';
import { newId } from '../../common/ids.js';
import { Counters } from '../../database/counters.js';
import { Database } from '../../database/database.js';
import { IdempotencyKeys, isRepeatedKey } from '../../database/idempotency-keys.js';
import { BillingUnavailableError, StripeAccount, type StripeCheckout, StripeRefusalError } from '../../integrations/stripe/index.js';
import { SubscriptionsService } from '../subscriptions/index.js';
import { UsersService } from '../users/index.js';
import { AlreadySubscribedError } from './billing.errors.js';
import { CheckoutsRepository, type StoredCheckout } from './checkouts.repository.js';
import { CustomerClosuresRepository } from './customer-closures.repository.js';
import { CustomersRepository } from './customers.repository.js';
import { ReturnAddressesService } from './return-addresses.service.js';
import { SubscriptionSyncService } from './subscription-sync.service.js';

interface SubscribeInput {
  readonly successUrl?: string | undefined;
  readonly cancelUrl?: string | undefined;
  readonly key: IdempotencyKey | null;
}

/** The input of one attempt to open a payment page. */
interface PageInput {
  readonly userId: string;
  readonly stripeCustomerId: string;
  readonly successUrl: string;
  readonly cancelUrl: string;
  readonly key: IdempotencyKey | null;
}

/** A payment page that the user can go to. */
export interface OpenCheckout {
  readonly url: string;
  readonly sessionId: string;
}

const CHECKOUTS_PER_DAY = { limit: 5, windowSeconds: 86_400 };
const FIRST_CHECK_MS = 300_000;

@Injectable()
export class CheckoutsService {
  constructor(
    private readonly database: Database,
    private readonly stripe: StripeAccount,
    private readonly users: UsersService,
    private readonly customers: CustomersRepository,
    private readonly closures: CustomerClosuresRepository,
    private readonly checkouts: CheckoutsRepository,
    private readonly subscriptions: SubscriptionsService,
    private readonly syncs: SubscriptionSyncService,
    private readonly addresses: ReturnAddressesService,
    private readonly counters: Counters,
    private readonly idempotencyKeys: IdempotencyKeys,
  ) {}

  /**
   * Opens the payment page for Pro, or returns the one that is open, so that parallel requests get the same page.
   *
   * @throws ValidationFailedError, AlreadySubscribedError, RateLimitedError past five a day, IdempotencyKeyReusedError,
   * BillingUnavailableError
   */
  async subscribe(actor: Actor, { key, ...input }: SubscribeInput): Promise<OpenCheckout> {
    const first = key && (await this.idempotencyKeys.find(actor.userId, key));
    if (first) return first.result as OpenCheckout;
    const page = { ...this.addresses.forCheckout(input), userId: actor.userId, key };
    const stripeCustomerId = await this.requireCustomer(actor);
    try {
      return await this.openPage({ ...page, stripeCustomerId });
    } catch (error) {
      if (!(error instanceof StripeRefusalError) || error.param !== 'customer') throw error;
    }
    // The customer was deleted at Stripe.
    const successor = await this.createCustomer(actor, stripeCustomerId);
    await this.customers.replace(actor.userId, { before: stripeCustomerId, after: successor });
    return this.openPage({ ...page, stripeCustomerId: await this.requireCustomer(actor) });
  }

  private async openPage(input: PageInput): Promise<OpenCheckout> {
    // The sync run comes first, so that a user who has just paid does not pay again, and no finished page is shown
    // again.
    await this.syncs.sync(input.userId);
    if (await this.subscriptions.findLive(input.userId)) throw new AlreadySubscribedError();
    const checkout = await this.findOrInsert(input);
    if (checkout.stripeSessionId !== null && checkout.url !== null) {
      return this.storePage(input, checkout, { sessionId: checkout.stripeSessionId, url: checkout.url });
    }
    const { id, url } = await this.createSession(input, checkout);
    if (url === null) throw new BillingUnavailableError();
    return this.storePage(input, checkout, { sessionId: id, url });
  }

  /** Stores the checkout before its session is created, so that parallel requests ask Stripe for the same session. */
  private async findOrInsert({ userId, successUrl, cancelUrl }: PageInput): Promise<StoredCheckout> {
    const open = await this.checkouts.findOpen(userId);
    if (open && !open.is_stale) return open;
    // A stale checkout is not continued: Stripe may have stored a failure under its idempotency key.
    if (open) await this.checkouts.close(open.id, 'failed');
    await this.database.transaction(async (transaction) => {
      if (!(await this.checkouts.insert(transaction, { id: newId(), userId, successUrl, cancelUrl }))) return;
      const taken = await this.counters.take(['checkout', userId], CHECKOUTS_PER_DAY, transaction);
      if (!taken.taken) throw new RateLimitedError(taken.retryAfterSeconds);
    });
    const inserted = await this.checkouts.findOpen(userId);
    if (!inserted) throw new BillingUnavailableError();
    return inserted;
  }

  private async createSession({ userId, stripeCustomerId }: PageInput, checkout: StoredCheckout): Promise<StripeCheckout> {
    const { id: checkoutId, successUrl, cancelUrl } = checkout;
    try {
      return await this.stripe.client.createCheckout({ checkoutId, userId, stripeCustomerId, successUrl, cancelUrl });
    } catch (error) {
      // A refusal is final. After any other error the next request retries under the same idempotency key.
      if (error instanceof StripeRefusalError) await this.checkouts.close(checkoutId, 'failed');
      throw error;
    }
  }

  private async storePage({ userId, key }: PageInput, checkout: StoredCheckout, page: OpenCheckout): Promise<OpenCheckout> {
    try {
      await this.database.transaction(async (transaction) => {
        // The key refers to the user, whom an erasure locks first: the order of the locks is the same.
        if (key) await this.idempotencyKeys.store(transaction, userId, key, page);
        if (checkout.stripeSessionId === null) {
          await this.checkouts.setSession(transaction, checkout.id, { id: page.sessionId, url: page.url });
          await this.customers.checkBy(transaction, userId, new Date(Date.now() + FIRST_CHECK_MS));
        }
      });
    } catch (error) {
      const first = key !== null && isRepeatedKey(error) ? await this.idempotencyKeys.find(userId, key) : null;
      if (!first) throw error;
      return first.result as OpenCheckout;
    }
    return page;
  }

  /** @throws NotFoundError when the account was erased while the request ran */
  private async requireCustomer(actor: Actor): Promise<string> {
    const known = await this.customers.findId(actor.userId);
    if (known !== null) return known;
    const created = await this.createCustomer(actor, null);
    const stored = await this.customers.insert({ userId: actor.userId, stripeCustomerId: created });
    if (stored !== created) await this.closures.insert(created);
    if (stored === null) throw new NotFoundError();
    return stored;
  }

  private async createCustomer(actor: Actor, replaced: string | null): Promise<string> {
    const { id, username, email } = await this.users.getMe(actor);
    return this.stripe.client.createCustomer({ userId: id, username, email }, replaced);
  }
}
