import { Injectable, Logger } from '@nestjs/common';
import { StripeAccount } from '../../integrations/stripe/index.js';

const PRICE_TTL_MS = 600_000;

/** An amount in the currency's smallest unit. */
export interface Amount {
  readonly amount: number;
  readonly currency: string;
}

/** The revenue of the Pro plan. */
@Injectable()
export class RevenueService {
  private readonly logger = new Logger(RevenueService.name);
  private price: { readonly value: Amount | null; readonly until: number } | null = null;

  constructor(private readonly stripe: StripeAccount) {}

  /**
   * The monthly revenue of a number of subscriptions, at the price that new ones pay; null without Stripe, or as long
   * as Stripe does not say the price.
   */
  async getMonthlyRevenue(subscriptions: number): Promise<Amount | null> {
    const price = await this.getPrice();
    return price && { amount: Math.round(price.amount * subscriptions), currency: price.currency };
  }

  private async getPrice(): Promise<Amount | null> {
    if (!this.stripe.isConnected) return null;
    if (this.price && performance.now() < this.price.until) return this.price.value;
    try {
      const value = await this.stripe.client.getMonthlyPrice();
      this.price = { value, until: performance.now() + PRICE_TTL_MS };
      return value;
    } catch (error) {
      this.logger.warn(`the price of the Pro plan could not be read: ${String(error)}`);
      return this.price?.value ?? null;
    }
  }
}
