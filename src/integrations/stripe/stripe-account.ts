import { BillingUnavailableError } from './stripe.errors.js';
import type { StripeClient } from './stripe.client.js';

/** The account at Stripe that this installation sells through, if there is one. */
export class StripeAccount {
  constructor(private readonly connected: StripeClient | null) {}

  get isConnected(): boolean {
    return this.connected !== null;
  }

  /** @throws BillingUnavailableError where nothing is sold */
  get client(): StripeClient {
    if (this.connected === null) throw new BillingUnavailableError();
    return this.connected;
  }
}
