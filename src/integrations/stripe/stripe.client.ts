import { type CheckoutSettings, CheckoutsClient } from './checkouts.client.js';
import { CustomersClient } from './customers.client.js';
import { EventsClient } from './events.client.js';
import { InvoicesClient } from './invoices.client.js';
import { PaymentsClient } from './payments.client.js';
import { PortalClient } from './portal.client.js';
import { PricesClient } from './prices.client.js';
import { RefundsClient } from './refunds.client.js';
import { type CallGuard, type ConnectionOptions, StripeConnection } from './stripe.connection.js';
import type { StripeIdentity } from './stripe-objects.js';
import { SubscriptionsClient } from './subscriptions.client.js';

export interface StripeClientOptions extends ConnectionOptions {
  /** Ids or lookup keys of the prices of Pro. */
  readonly prices: readonly string[];
  /** Accepted secrets, the newest first. */
  readonly webhookSecrets: readonly string[];
  /** The configuration of the customer portal; undefined for the default of the account. */
  readonly portalConfiguration?: string | undefined;
  readonly checkout: CheckoutSettings;
}

/**
 * Calls Stripe, by its objects as the SDK has them. Every method throws BillingUnavailableError when Stripe cannot be
 * reached, and StripeRefusalError when it refuses the request. Each call that creates something has an idempotency key
 * of its own, so that the SDK's retries and ours have one effect.
 */
export class StripeClient {
  readonly customers: CustomersClient;
  readonly prices: PricesClient;
  readonly checkouts: CheckoutsClient;
  readonly portal: PortalClient;
  readonly subscriptions: SubscriptionsClient;
  readonly invoices: InvoicesClient;
  readonly payments: PaymentsClient;
  readonly refunds: RefundsClient;
  readonly events: EventsClient;
  private readonly connection: StripeConnection;

  constructor({ prices, webhookSecrets, portalConfiguration, checkout, ...options }: StripeClientOptions) {
    const connection = new StripeConnection(options);
    this.connection = connection;
    this.prices = new PricesClient(connection, prices);
    this.checkouts = new CheckoutsClient(connection, checkout);
    this.customers = new CustomersClient(connection, this.checkouts, this.prices);
    this.portal = new PortalClient(connection, this.prices, portalConfiguration);
    this.payments = new PaymentsClient(connection, this.prices);
    this.subscriptions = new SubscriptionsClient(connection, this.prices, this.payments);
    this.invoices = new InvoicesClient(connection, this.prices);
    this.refunds = new RefundsClient(connection);
    this.events = new EventsClient(connection, webhookSecrets);
  }

  /** True for a key of live mode, false for one of test mode. */
  get isLive(): boolean {
    return this.connection.isLive;
  }

  /** Has a guard asked before each call to Stripe, which is not made when `admit` rejects. */
  guardBy(guard: CallGuard): void {
    this.connection.guardBy(guard);
  }

  /**
   * The account of the key. It is the one call that the guard does not stop.
   *
   * @throws BillingUnavailableError; PaymentProviderRefusedError for a key that Stripe does not accept
   */
  identify(): Promise<StripeIdentity> {
    return this.connection.identify();
  }
}
