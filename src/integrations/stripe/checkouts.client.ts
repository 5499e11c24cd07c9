import type Stripe from 'stripe';
import { idempotencyKeyOf, type StripeConnection } from './stripe.connection.js';
import { StripeRefusalError } from './stripe.errors.js';
import { type StripeCheckout, toCheckout, TRIAL_MARK } from './stripe-objects.js';

/** What the payment page asks for besides the payment. */
export interface CheckoutSettings {
  readonly promotionCodes: boolean;
  readonly automaticTax: boolean;
  readonly termsConsent: boolean;
}

/** A page that Stripe hosts for one visit. */
interface CheckoutRequest {
  /** Our id. The same request under the same id creates the same session, another request another one. */
  readonly checkoutId: string;
  readonly userId: string;
  readonly stripeCustomerId: string;
  readonly successUrl: string;
  readonly cancelUrl: string;
  readonly priceId: string;
  /** The currency in which the price is offered; null to leave it to the price, which has one. */
  readonly currency: string | null;
  /** 0 for no trial. */
  readonly trialDays: number;
}

/** The pages on which payments are made. */
export class CheckoutsClient {
  constructor(
    private readonly stripe: StripeConnection,
    private readonly settings: CheckoutSettings,
  ) {}

  create({ checkoutId, userId, stripeCustomerId, priceId, currency, trialDays, ...addresses }: CheckoutRequest): Promise<StripeCheckout> {
    const metadata = { user_id: userId };
    const parameters: Stripe.Checkout.SessionCreateParams = {
      mode: 'subscription',
      customer: stripeCustomerId,
      client_reference_id: userId,
      line_items: [{ price: priceId, quantity: 1 }],
      ...(currency === null ? {} : { currency }),
      success_url: addresses.successUrl,
      cancel_url: addresses.cancelUrl,
      metadata,
      subscription_data:
        trialDays === 0 ? { metadata } : { metadata: { ...metadata, [TRIAL_MARK]: String(trialDays) }, trial_period_days: trialDays },
      ...askedBy(this.settings),
    };
    const idempotencyKey = idempotencyKeyOf('checkout', [checkoutId, parameters]);
    return this.stripe.request(async () => toCheckout(await this.stripe.sdk.checkout.sessions.create(parameters, { idempotencyKey })));
  }

  /** @returns null for a session that Stripe does not know */
  find(id: string): Promise<StripeCheckout | null> {
    return this.stripe.requestOrNull(async () => toCheckout(await this.stripe.sdk.checkout.sessions.retrieve(id)));
  }

  /** Closes the page of a session. A paid or expired one stays as it is. */
  async expire(id: string): Promise<void> {
    await this.stripe
      .request(() => this.stripe.sdk.checkout.sessions.expire(id))
      .catch((error: unknown) => {
        if (!(error instanceof StripeRefusalError)) throw error;
      });
  }
}

/**
 * Stripe computes the tax by the address, which Checkout stores with the customer; the tax id of a business comes with
 * its name.
 */
const askedBy = ({ promotionCodes, automaticTax, termsConsent }: CheckoutSettings): Partial<Stripe.Checkout.SessionCreateParams> => ({
  ...(promotionCodes ? { allow_promotion_codes: true } : {}),
  ...(automaticTax
    ? {
        automatic_tax: { enabled: true },
        billing_address_collection: 'required',
        tax_id_collection: { enabled: true },
        customer_update: { address: 'auto', name: 'auto' },
      }
    : {}),
  ...(termsConsent ? { consent_collection: { terms_of_service: 'required' } } : {}),
});
