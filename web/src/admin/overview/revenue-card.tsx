import type { Stats } from '../api.ts';
import { count, money } from '../format.ts';
import { Card } from '../ui/card.tsx';
import { type Column, Table } from '../ui/table.tsx';

type Revenue = Stats['revenue'][number];

interface Row {
  readonly key: string;
  readonly currency: string;
  /** Null for the sum of a currency. */
  readonly price: string | null;
  readonly invoices: number;
  readonly paid: number;
  readonly tax: number;
  /** These are told by currency only. */
  readonly refunded: number | null;
  readonly net: number | null;
  readonly recurring: number | null;
}

function rowsOf({ currency, prices, paid, tax, refunded, net, monthly_recurring: recurring }: Revenue): Row[] {
  const ofPrices = prices.map(({ price, ...row }) => ({
    ...row,
    key: `${currency} ${price ?? ''}`,
    currency,
    price: price ?? 'unknown price',
    refunded: null,
    net: null,
    recurring: null,
  }));
  const invoices = prices.reduce((sum, row) => sum + row.invoices, 0);
  return [...ofPrices, { key: currency, currency, price: null, invoices, paid, tax, refunded, net, recurring }];
}

const inCurrency = (amount: number | null, { currency }: Row): string => (amount === null ? '' : money({ amount, currency }));

const COLUMNS: readonly Column<Row>[] = [
  { name: 'Currency', cell: ({ currency }) => currency.toUpperCase() },
  { name: 'Price', cell: ({ price }) => (price === null ? <strong>all prices</strong> : <code>{price}</code>) },
  { name: 'Invoices', kind: 'number', cell: ({ invoices }) => count(invoices) },
  { name: 'Paid, with tax', kind: 'number', cell: (row) => inCurrency(row.paid, row) },
  { name: 'Tax', kind: 'number', cell: (row) => inCurrency(row.tax, row) },
  { name: 'Refunded', kind: 'number', cell: (row) => inCurrency(row.refunded, row) },
  { name: 'Less refunds', kind: 'number', cell: (row) => inCurrency(row.net, row) },
  { name: 'Recurring, a month', kind: 'number', cell: (row) => inCurrency(row.recurring, row) },
];

/** What was paid in the period, by currency and price. */
export const RevenueCard = ({ revenue }: { revenue: readonly Revenue[] }) => (
  <Card title="Revenue by currency and price" isWide>
    <Table
      label="Revenue by currency and price"
      columns={COLUMNS}
      rows={revenue.flatMap(rowsOf)}
      keyOf={({ key }) => key}
      empty="Nothing was paid."
    />
  </Card>
);
