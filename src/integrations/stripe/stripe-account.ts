import { BillingNotConfiguredError } from './stripe.errors.js';
import type { StripeClient } from './stripe.client.js';
import type { CallGuard } from './stripe.connection.js';

/**
 * What is wrong with the configured key. `other_account`: it belongs to another account or mode than the stored one.
 * `key_refused`: Stripe does not accept it.
 */
export type KeyFault = 'other_account' | 'key_refused';

/** Decides whether calls with the configured key may be made. */
export interface AccountGuard extends CallGuard {
  /** What was found to be wrong with the key; null while nothing is. */
  readonly fault: KeyFault | null;
}

/** The installation's account at Stripe, if it has one. */
export class StripeAccount {
  /** Whether a configured price was found that cannot be sold. Whoever reads the prices sets it. */
  hasUnsoldPrices = false;
  private guard: AccountGuard | null = null;

  constructor(private readonly connected: StripeClient | null) {}

  get isConnected(): boolean {
    return this.connected !== null;
  }

  /** @throws BillingNotConfiguredError without an account */
  get client(): StripeClient {
    if (this.connected === null) throw new BillingNotConfiguredError();
    return this.connected;
  }

  /** Has a guard asked before each call of the client. */
  guardBy(guard: AccountGuard): void {
    this.guard = guard;
    this.connected?.guardBy(guard);
  }

  /** What the guard knows to be wrong with the key; null for nothing. It makes no call to Stripe. */
  get keyFault(): KeyFault | null {
    return this.guard?.fault ?? null;
  }

  /** Asks the guard again, and resolves to whether the key has no fault that is known. Never rejects. */
  async checkKey(): Promise<boolean> {
    await this.guard?.admit().catch(() => undefined);
    return this.keyFault === null;
  }
}
