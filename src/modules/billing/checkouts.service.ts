import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { RateLimitedError } from '../../common/errors/common.errors.js';
import type { IdempotencyKey } from '../../common/idempotency-key.js';
import { newId } from '../../common/ids.js';
import { Counters } from '../../database/counters.js';
import { Database } from '../../database/database.js';
import { UserGoneError } from '../../database/database.errors.js';
import { IdempotencyKeys, isRepeatedKey } from '../../database/idempotency-keys.js';
import {
  BillingUnavailableError,
  StripeAccount,
  type StripeCheckout,
  StripeRefusalError,
  UnknownCustomerError,
} from '../../integrations/stripe/index.js';
import { SubscriptionsService } from '../subscriptions/index.js';
import { UsersService } from '../users/index.js';
import { AlreadySubscribedError, OtherCurrencyError } from './billing.errors.js';
import { CheckoutsRepository, type StoredCheckout } from './checkouts.repository.js';
import { CustomerClosuresRepository } from './customer-closures.repository.js';
import { CustomerUpdatesRepository } from './customer-updates.repository.js';
import { CustomersRepository } from './customers.repository.js';
import type { PriceOffer } from './price-offers.js';
import { PricesService } from './prices.service.js';
import { ReturnAddressesService } from './return-addresses.service.js';
import { SubscriptionSyncService } from './subscription-sync.service.js';
import { TrialsService } from './trials.service.js';

interface SubscribeInput {
  /** The key of the price; unset for the default. */
  readonly price?: string | undefined;
  readonly successUrl?: string | undefined;
  readonly cancelUrl?: string | undefined;
  readonly key: IdempotencyKey | null;
}

/** The input of one attempt to open a payment page. */
interface PageInput extends Pick<Actor, 'userId' | 'isVerified'> {
  readonly stripeCustomerId: string;
  readonly offer: PriceOffer;
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
const MAX_ATTEMPTS = 5;
const checkoutsOf = (userId: string) => ['checkout', userId] as const;
const FIRST_CHECK_MS = 300_000;

@Injectable()
export class CheckoutsService {
  constructor(
    private readonly database: Database,
    private readonly stripe: StripeAccount,
    private readonly users: UsersService,
    private readonly customers: CustomersRepository,
    private readonly closures: CustomerClosuresRepository,
    private readonly updates: CustomerUpdatesRepository,
    private readonly checkouts: CheckoutsRepository,
    private readonly subscriptions: SubscriptionsService,
    private readonly syncs: SubscriptionSyncService,
    private readonly prices: PricesService,
    private readonly trials: TrialsService,
    private readonly addresses: ReturnAddressesService,
    private readonly counters: Counters,
    private readonly idempotencyKeys: IdempotencyKeys,
  ) {}

  /**
   * Opens the payment page for Pro, or returns the one that is open, so that parallel requests get the same page. The
   * open page of another price is replaced.
   *
   * @throws ValidationFailedError, AlreadySubscribedError, OtherCurrencyError, RateLimitedError past five a day,
   * IdempotencyKeyReusedError, BillingUnavailableError
   */
  async subscribe(actor: Actor, { key, price, ...input }: SubscribeInput): Promise<OpenCheckout> {
    const first = key && (await this.idempotencyKeys.find(actor.userId, key));
    if (first) return first.result as OpenCheckout;
    const offer = await this.prices.requireOffer(price ?? null);
    const page = { ...this.addresses.forCheckout(input), offer, userId: actor.userId, isVerified: actor.isVerified, key };
    const stripeCustomerId = await this.requireCustomer(actor);
    try {
      return await this.openPage({ ...page, stripeCustomerId });
    } catch (error) {
      // Only a customer that Stripe has deleted gets a successor. One that it does not know may still be charged, where
      // it is known.
      if (!(error instanceof UnknownCustomerError) || !(await this.stripe.client.customers.isDeleted(stripeCustomerId))) throw error;
    }
    const successor = await this.createCustomer(actor, stripeCustomerId);
    await this.database.transaction(async (transaction) => {
      await this.customers.replace(transaction, actor.userId, { before: stripeCustomerId, after: successor.id });
      await this.updates.addMissed(transaction, actor.userId, successor);
    });
    return this.openPage({ ...page, stripeCustomerId: await this.requireCustomer(actor) });
  }

  private async openPage(input: PageInput): Promise<OpenCheckout> {
    // The sync run comes first, so that a user who has just paid does not pay again, and no finished page is shown
    // again.
    await this.syncs.sync(input.userId, { maxAgeMs: 0 });
    if (await this.subscriptions.findLive(input.userId)) throw new AlreadySubscribedError();
    const checkout = await this.findOrInsert(input);
    if (checkout.stripeSessionId !== null && checkout.url !== null) {
      await this.assertCustomer(input.stripeCustomerId, checkout);
      return this.storePage(input, checkout, { sessionId: checkout.stripeSessionId, url: checkout.url });
    }
    const { id, url } = await this.createSession(input, checkout);
    if (url === null) throw new BillingUnavailableError();
    return this.storePage(input, checkout, { sessionId: id, url });
  }

  /**
   * Stores the checkout before its session is created, so that parallel requests ask Stripe for the same session.
   *
   * @throws BillingUnavailableError when parallel requests for other prices replace it again and again, UserGoneError
   */
  private async findOrInsert(input: PageInput): Promise<StoredCheckout> {
    const { userId, isVerified, successUrl, cancelUrl, offer } = input;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const open = await this.checkouts.findOpenFor(input);
      if (open && !open.is_stale && (await this.offerOf(open))?.key === offer.key) return open;
      if (open) await this.close(input, open);
      const [room] = await this.counters.peekAll([{ key: checkoutsOf(userId), ...CHECKOUTS_PER_DAY }]);
      if (room?.free === false) throw new RateLimitedError(room.retryAfterSeconds);
      await this.checkouts.insert({ id: newId(), userId, isVerified, successUrl, cancelUrl, priceKey: offer.key });
    }
    throw new BillingUnavailableError();
  }

  /** Closes a checkout that is stale, or of another price. @throws AlreadySubscribedError when it was just paid */
  private async close({ userId, stripeCustomerId }: PageInput, checkout: StoredCheckout): Promise<void> {
    let id = checkout.stripeSessionId;
    if (id === null) {
      const offer = await this.offerOf(checkout);
      // A stale checkout is not continued: Stripe may have stored a failure under its idempotency key.
      if (checkout.is_stale || offer === null) {
        await this.checkouts.close(checkout.id, 'failed');
        return;
      }
      // A session without a stored id is just being created by another request, which gets the same one.
      ({ id } = await this.createSession({ userId, stripeCustomerId, offer }, checkout));
    }
    await this.stripe.client.checkouts.expire(id);
    const session = await this.stripe.client.checkouts.find(id);
    const isPaid = session?.status === 'complete';
    const isClosed = await this.checkouts.close(checkout.id, isPaid ? 'complete' : 'expired');
    if (isPaid) throw new AlreadySubscribedError();
    // Who compares prices opens one page, as it were. The throttle bounds how often.
    if (isClosed && checkout.stripeSessionId !== null) await this.counters.refund(checkoutsOf(userId));
  }

  /**
   * Closes the page of a customer that was deleted at Stripe, who cannot pay on it.
   *
   * @throws UnknownCustomerError for such a customer, and one that Stripe does not know at all
   */
  private async assertCustomer(stripeCustomerId: string, { id }: StoredCheckout): Promise<void> {
    if (!(await this.stripe.client.customers.isDeleted(stripeCustomerId))) return;
    await this.checkouts.close(id, 'expired');
    throw new UnknownCustomerError();
  }

  /** Null for a price that is not sold any more. */
  private async offerOf({ priceKey }: StoredCheckout): Promise<PriceOffer | null> {
    const offers = await this.prices.listOffers();
    return (priceKey === null ? offers[0] : offers.find(({ key }) => key === priceKey)) ?? null;
  }

  private async createSession(
    { userId, stripeCustomerId, offer }: Pick<PageInput, 'userId' | 'stripeCustomerId' | 'offer'>,
    checkout: StoredCheckout,
  ): Promise<StripeCheckout> {
    const { id: checkoutId, successUrl, cancelUrl } = checkout;
    const { priceId, currency, isOneOfSeveral } = offer;
    const trialDays = await this.trials.getDays(userId);
    const choice = { priceId, currency: isOneOfSeveral ? currency : null, trialDays };
    try {
      return await this.stripe.client.checkouts.create({ checkoutId, userId, stripeCustomerId, successUrl, cancelUrl, ...choice });
    } catch (error) {
      if (!(error instanceof StripeRefusalError || error instanceof UnknownCustomerError)) throw error;
      // A refusal is final. After any other error the next request retries under the same idempotency key.
      await this.checkouts.close(checkoutId, 'failed');
      if (error instanceof UnknownCustomerError) throw error;
      const known = await this.stripe.client.customers.findCurrency(stripeCustomerId);
      throw known === null || known === currency ? error : new OtherCurrencyError(known);
    }
  }

  private async storePage({ userId, key }: PageInput, checkout: StoredCheckout, page: OpenCheckout): Promise<OpenCheckout> {
    try {
      await this.database.transaction(async (transaction) => {
        // The key refers to the user, whom an erasure locks first: the order of the locks is the same.
        if (key) await this.idempotencyKeys.store(transaction, userId, key, page);
        // Only a session that was created counts among those of the day, and once.
        if (await this.checkouts.setSession(transaction, checkout.id, { id: page.sessionId, url: page.url })) {
          await this.counters.take(checkoutsOf(userId), CHECKOUTS_PER_DAY, transaction);
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

  /** @throws UserGoneError when the account was erased, or reclaimed by its number's holder, while the request ran */
  private async requireCustomer(actor: Actor): Promise<string> {
    const known = await this.customers.findId(actor.userId);
    if (known !== null) return known;
    let created = await this.createCustomer(actor, null);
    // Stripe answers a repeated request with its first customer, whom whoever had the account before may have paid as.
    while (await this.closures.find(created.id)) created = await this.createCustomer(actor, created.id);
    const stored = await this.database.transaction(async (transaction) => {
      const stored = await this.customers.insert(transaction, actor, created.id);
      await this.updates.addMissed(transaction, actor.userId, created);
      return stored;
    });
    if (stored !== created.id) await this.closures.insert(created.id);
    if (stored === null) throw new UserGoneError();
    return stored;
  }

  private async createCustomer(actor: Actor, replaced: string | null) {
    const { id: userId, username, email } = await this.users.getMe(actor);
    return { id: await this.stripe.client.customers.create({ userId, username, email }, replaced), username, email };
  }
}
