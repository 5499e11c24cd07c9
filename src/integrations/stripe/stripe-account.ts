import { BillingUnavailableError } from './stripe.errors.js';
import type { StripeClient } from './stripe.client.js';

/** The installation's account at Stripe, if it has one. */
export class StripeAccount {
  constructor(private readonly connected: StripeClient | null) {}

  get isConnected(): boolean {
    return this.connected !== null;
  }

  /** @throws BillingUnavailableError without an account */
  get client(): StripeClient {
    if (this.connected === null) throw new BillingUnavailableError();
    return this.connected;
  }
}
