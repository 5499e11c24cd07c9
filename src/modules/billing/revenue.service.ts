import { Injectable, Logger } from '@nestjs/common';
import type { Amount } from '../../integrations/stripe/index.js';
import { SubscriptionsService } from '../subscriptions/index.js';
import { PricesService } from './prices.service.js';
import { type PaidRow, type RefundedRow, RevenueRepository } from './revenue.repository.js';

/** What was paid and refunded in one currency, in its smallest unit. `paid` includes `tax`; `net` is less refunds. */
export interface Revenue {
  readonly currency: string;
  readonly paid: number;
  readonly tax: number;
  readonly refunded: number;
  readonly net: number;
  /** What the subscriptions of now cost a month, whatever the period. */
  readonly recurring: number;
  readonly prices: readonly { readonly price: string | null; readonly invoices: number; readonly paid: number; readonly tax: number }[];
  /** UTC days with a payment or a refund, oldest first. */
  readonly days: readonly { readonly day: string; readonly paid: number; readonly refunded: number }[];
}

/** The revenue of the Pro plan. */
@Injectable()
export class RevenueService {
  private readonly logger = new Logger(RevenueService.name);

  constructor(
    private readonly prices: PricesService,
    private readonly revenue: RevenueRepository,
    private readonly subscriptions: SubscriptionsService,
  ) {}

  /**
   * The revenue of each currency in a period, as far as its events are kept. Currencies are never added together.
   * Payments for other products of the account are left out once Stripe has named Pro's; refunds do not tell theirs.
   */
  async getRevenue(from: Date, to: Date): Promise<Revenue[]> {
    const products = await this.prices.findProducts();
    const [paid, refunded, monthly] = await Promise.all([
      this.revenue.sumPaid(from, to, products),
      this.revenue.sumRefunded(from, to),
      this.subscriptions.listMonthlyRevenue(),
    ]);
    const currencies = distinct([...paid, ...refunded, ...monthly].map(({ currency }) => currency));
    return currencies.map((currency) => {
      const isOfIt = (row: { readonly currency: string }) => row.currency === currency;
      return { ...toRevenue(currency, paid.filter(isOfIt), refunded.filter(isOfIt)), recurring: monthly.find(isOfIt)?.amount ?? 0 };
    });
  }

  /**
   * The monthly revenue in the currency of the default price; null without Stripe, or as long as Stripe does not say
   * the price.
   */
  async getMonthlyRevenue(revenue: readonly Revenue[]): Promise<Amount | null> {
    const currency = await this.findDefaultCurrency();
    if (currency === null) return null;
    return { amount: revenue.find((one) => one.currency === currency)?.recurring ?? 0, currency };
  }

  private async findDefaultCurrency(): Promise<string | null> {
    try {
      return (await this.prices.listOffers())[0]?.currency ?? null;
    } catch (error) {
      this.logger.warn(`the currency of the monthly revenue is unknown: ${String(error)}`);
      return null;
    }
  }
}

function toRevenue(currency: string, paidRows: readonly PaidRow[], refundedRows: readonly RefundedRow[]): Omit<Revenue, 'recurring'> {
  const prices = distinct(paidRows.map(({ price }) => price)).map((price) => {
    const rows = paidRows.filter((row) => row.price === price);
    return { price, invoices: sumOf(rows, 'invoices'), paid: sumOf(rows, 'paid'), tax: sumOf(rows, 'tax') };
  });
  const days = distinct([...paidRows, ...refundedRows].map(({ day }) => day)).map((day) => ({
    day,
    paid: sumOf(
      paidRows.filter((row) => row.day === day),
      'paid',
    ),
    refunded: sumOf(
      refundedRows.filter((row) => row.day === day),
      'refunded',
    ),
  }));
  const paid = sumOf(paidRows, 'paid');
  const refunded = sumOf(refundedRows, 'refunded');
  return { currency, paid, tax: sumOf(paidRows, 'tax'), refunded, net: paid - refunded, prices, days };
}

const distinct = <Value>(values: readonly Value[]): Value[] => [...new Set(values)].sort();

/** bigint columns are strings. */
const sumOf = <Field extends string>(rows: readonly Readonly<Record<Field, string>>[], field: Field): number =>
  rows.reduce((sum, row) => sum + Number(row[field]), 0);
