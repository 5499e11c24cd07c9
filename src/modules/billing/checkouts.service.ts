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
import { type Checkout, CheckoutsRepository } from './checkouts.repository.js';
import { CustomersRepository } from './customers.repository.js';
import { ReturnAddresses } from './return-addresses.js';
import { SubscriptionSync } from './subscription-sync.js';

export interface CheckoutInput {
  readonly successUrl: string | null;
  readonly cancelUrl: string | null;
}

/** A payment page that the user can go to. */
export interface OpenCheckout {
  readonly url: string;
  readonly sessionId: string;
}

const CHECKOUTS_A_DAY = { limit: 5, windowSeconds: 86_400 };
const FIRST_CHECK_MS = 300_000;

@Injectable()
export class CheckoutsService {
  constructor(
    private readonly database: Database,
    private readonly stripe: StripeAccount,
    private readonly users: UsersService,
    private readonly customers: CustomersRepository,
    private readonly checkouts: CheckoutsRepository,
    private readonly subscriptions: SubscriptionsService,
    private readonly sync: SubscriptionSync,
    private readonly addresses: ReturnAddresses,
    private readonly counters: Counters,
    private readonly idempotencyKeys: IdempotencyKeys,
  ) {}

  /**
   * Opens the payment page for Pro, or answers the one that is open: however many ask at once, they get the same.
   *
   * @throws ValidationFailedError, AlreadySubscribedError, RateLimitedError past five a day, IdempotencyKeyReusedError, BillingUnavailableError
   */
  async subscribe(actor: Actor, input: CheckoutInput, key: IdempotencyKey | null): Promise<OpenCheckout> {
    const first = key && (await this.idempotencyKeys.find(actor.userId, key));
    if (first) return first.result as OpenCheckout;
    const addresses = this.addresses.forCheckout(input);
    const stripeCustomerId = await this.requireCustomer(actor);
    try {
      return await this.open(actor.userId, stripeCustomerId, addresses, key);
    } catch (error) {
      if (!(error instanceof StripeRefusalError) || error.param !== 'customer') throw error;
    }
    // Somebody deleted the customer at Stripe.
    const successor = await this.createCustomer(actor, stripeCustomerId);
    await this.customers.replace(actor.userId, stripeCustomerId, successor);
    return this.open(actor.userId, await this.requireCustomer(actor), addresses, key);
  }

  private async open(
    userId: string,
    stripeCustomerId: string,
    addresses: { successUrl: string; cancelUrl: string },
    key: IdempotencyKey | null,
  ): Promise<OpenCheckout> {
    // Stripe is asked first: what was paid a moment ago must not be paid again, and a page that is done with must not be shown again.
    await this.sync.sync(userId);
    if (await this.subscriptions.findLive(userId)) throw new AlreadySubscribedError();
    const checkout = await this.findOrInsert(userId, addresses);
    if (checkout.stripe_session_id !== null && checkout.url !== null) {
      return this.keep(userId, checkout, { id: checkout.stripe_session_id, url: checkout.url }, key);
    }
    const { id, url } = await this.createSession(userId, stripeCustomerId, checkout);
    if (url === null) throw new BillingUnavailableError();
    return this.keep(userId, checkout, { id, url }, key);
  }

  /** The row comes first: it is what makes those who ask at once ask Stripe for the same session. */
  private async findOrInsert(userId: string, addresses: { successUrl: string; cancelUrl: string }): Promise<Checkout> {
    const open = await this.checkouts.findOpen(userId);
    if (open && !open.is_stale) return open;
    // Nobody knows what became of it, and Stripe may have kept a failure under its key.
    if (open) await this.checkouts.close(open.id, 'failed');
    await this.database.transaction(async (transaction) => {
      if (!(await this.checkouts.insert(transaction, { id: newId(), userId, ...addresses }))) return;
      const taken = await this.counters.take(['checkout', userId], CHECKOUTS_A_DAY, transaction);
      if (!taken.taken) throw new RateLimitedError(taken.retryAfterSeconds);
    });
    const inserted = await this.checkouts.findOpen(userId);
    if (!inserted) throw new BillingUnavailableError();
    return inserted;
  }

  private async createSession(userId: string, stripeCustomerId: string, checkout: Checkout): Promise<StripeCheckout> {
    try {
      return await this.stripe.client.createCheckout({
        checkoutId: checkout.id,
        userId,
        stripeCustomerId,
        successUrl: checkout.success_url,
        cancelUrl: checkout.cancel_url,
      });
    } catch (error) {
      // A refusal stays one; anything else is tried again under the same key.
      if (error instanceof StripeRefusalError) await this.checkouts.close(checkout.id, 'failed');
      throw error;
    }
  }

  private async keep(
    userId: string,
    checkout: Checkout,
    session: { id: string; url: string },
    key: IdempotencyKey | null,
  ): Promise<OpenCheckout> {
    const result: OpenCheckout = { url: session.url, sessionId: session.id };
    try {
      await this.database.transaction(async (transaction) => {
        // First what refers to the user, whom an erasure locks before it comes to the rest.
        if (key) await this.idempotencyKeys.store(transaction, userId, key, result);
        if (checkout.stripe_session_id === null) {
          await this.checkouts.setSession(transaction, checkout.id, session);
          await this.customers.checkBy(transaction, userId, new Date(Date.now() + FIRST_CHECK_MS));
        }
      });
    } catch (error) {
      const first = key !== null && isRepeatedKey(error) ? await this.idempotencyKeys.find(userId, key) : null;
      if (!first) throw error;
      return first.result as OpenCheckout;
    }
    return result;
  }

  /** @throws NotFoundError when the account was erased while the request ran */
  private async requireCustomer(actor: Actor): Promise<string> {
    const known = await this.customers.find(actor.userId);
    if (known !== null) return known;
    const created = await this.createCustomer(actor, null);
    const stored = await this.customers.insert(actor.userId, created);
    if (stored !== created) await this.customers.close(created);
    if (stored === null) throw new NotFoundError();
    return stored;
  }

  private async createCustomer(actor: Actor, replaced: string | null): Promise<string> {
    const { id, username, email } = await this.users.getMe(actor);
    return this.stripe.client.createCustomer({ userId: id, username, email }, replaced);
  }
}
