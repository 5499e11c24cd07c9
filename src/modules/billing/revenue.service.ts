import { Injectable, Logger } from '@nestjs/common';
import { StripeAccount } from '../../integrations/stripe/index.js';

const FRESH_MS = 600_000;

/** In the currency's smallest unit. */
export interface Amount {
  readonly amount: number;
  readonly currency: string;
}

/** What the Pro plan earns. */
@Injectable()
export class RevenueService {
  private readonly logger = new Logger(RevenueService.name);
  private price: { readonly value: Amount | null; readonly until: number } | null = null;

  constructor(private readonly stripe: StripeAccount) {}

  /** What so many subscriptions bring in a month at the price that new ones pay; null where nothing is sold or Stripe does not say. */
  async getMonthlyRevenue(subscriptions: number): Promise<Amount | null> {
    const price = await this.getPrice();
    return price && { amount: Math.round(price.amount * subscriptions), currency: price.currency };
  }

  private async getPrice(): Promise<Amount | null> {
    if (!this.stripe.isConnected) return null;
    if (this.price && performance.now() < this.price.until) return this.price.value;
    try {
      const value = await this.stripe.client.getMonthlyPrice();
      this.price = { value, until: performance.now() + FRESH_MS };
      return value;
    } catch (error) {
      this.logger.warn(`the price of the Pro plan is not known now: ${String(error)}`);
      return this.price?.value ?? null;
    }
  }
}
