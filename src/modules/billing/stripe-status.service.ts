import { Injectable } from '@nestjs/common';
import { BillingUnavailableError, PaymentProviderRefusedError, StripeAccount } from '../../integrations/stripe/index.js';
import { PricesService, type UnsoldPrice } from './prices.service.js';
import { StripeAccountsRepository } from './stripe-accounts.repository.js';

/** The state of the connection to Stripe, for administrators. */
export interface StripeStatus {
  readonly isConfigured: boolean;
  /** The stored account, whose customers these are; null where no process could ask Stripe for it yet. */
  readonly accountId: string | null;
  /** Whether the key is known to be of another account or mode than the stored one. No call is made then. */
  readonly isOtherAccount: boolean;
  /** Whether Stripe is known not to accept the key. No call is made then. */
  readonly isKeyRefused: boolean;
  /** Null without a key. */
  readonly mode: 'live' | 'test' | null;
  /** Whether Stripe, or what this process kept of its answers, could tell the prices. */
  readonly isReachable: boolean;
  readonly unsoldPrices: readonly UnsoldPrice[];
}

@Injectable()
export class StripeStatusService {
  constructor(
    private readonly stripe: StripeAccount,
    private readonly prices: PricesService,
    private readonly accounts: StripeAccountsRepository,
  ) {}

  async getStatus(): Promise<StripeStatus> {
    const { isReachable, unsoldPrices } = await this.readPrices();
    return {
      isConfigured: this.stripe.isConnected,
      accountId: (await this.accounts.find())?.accountId ?? null,
      isOtherAccount: this.stripe.keyFault === 'other_account',
      isKeyRefused: this.stripe.keyFault === 'key_refused',
      mode: this.stripe.isConnected ? (this.stripe.client.isLive ? 'live' : 'test') : null,
      isReachable,
      unsoldPrices,
    };
  }

  private async readPrices(): Promise<Pick<StripeStatus, 'isReachable' | 'unsoldPrices'>> {
    if (!this.stripe.isConnected) return { isReachable: false, unsoldPrices: [] };
    try {
      return { isReachable: true, unsoldPrices: await this.prices.listUnsold() };
    } catch (error) {
      if (!(error instanceof BillingUnavailableError || error instanceof PaymentProviderRefusedError)) throw error;
      return { isReachable: false, unsoldPrices: [] };
    }
  }
}
