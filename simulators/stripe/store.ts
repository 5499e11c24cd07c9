import type { ClockState } from './clock.js';
import type { Delivery, DeliveryMode, Endpoint } from './delivery.js';
import { Journal, type Change } from './journal.js';
import type { Card } from './test-cards.js';
import type {
  Charge,
  CheckoutLine,
  CheckoutSession,
  Coupon,
  Customer,
  Discount,
  Dispute,
  Invoice,
  InvoiceItem,
  InvoicePayment,
  PaymentIntent,
  PaymentMethod,
  PortalConfiguration,
  PortalSession,
  Price,
  Product,
  PromotionCode,
  Refund,
  StripeEvent,
  Subscription,
  SubscriptionSchedule,
  TaxId,
} from './wire.js';

/**
 * Everything that is kept. The first part is Stripe's own objects, the second what only the simulator knows of them,
 * under the same ids.
 */
export interface Tables {
  customers: Customer;
  products: Product;
  prices: Price;
  payment_methods: PaymentMethod;
  payment_intents: PaymentIntent;
  charges: Charge;
  refunds: Refund;
  disputes: Dispute;
  subscriptions: Subscription;
  invoices: Invoice;
  invoice_items: InvoiceItem;
  invoice_payments: InvoicePayment;
  checkout_sessions: CheckoutSession;
  portal_sessions: PortalSession;
  portal_configurations: PortalConfiguration;
  events: StripeEvent;
  coupons: Coupon;
  promotion_codes: PromotionCode;
  discounts: Discount;
  schedules: SubscriptionSchedule;
  tax_ids: TaxId;

  tombstones: { id: string; object: string; deleted: true };
  cards: Card;
  checkout_details: CheckoutDetails;
  portal_tokens: { id: string; session: string };
  invoice_tokens: { id: string; invoice: string };
  /** A trial's end or an invoice's due date was told of, under the id of its object. */
  announced: { id: string };
  settlements: Settlement;
  refund_outcomes: { id: string; at: number; outcome: 'succeeded' | 'failed' };
  idempotency: IdempotentAnswer;
  endpoints: Endpoint;
  deliveries: Delivery;
  settings: ClockState | DeliveryMode | Note;
}

export interface CheckoutDetails {
  id: string;
  lines: CheckoutLine[];
  subscription: {
    metadata: Record<string, string>;
    trial_end: number | null;
    description: string | null;
    missing_payment_method: 'cancel' | 'create_invoice' | 'pause';
  };
  /** What takes something off, given with the checkout or typed into its page. */
  redeemed: { coupon: string; promotion_code: string | null } | null;
  intent_metadata: Record<string, string>;
  invoice_creation: boolean;
  /** Made by the first attempt to pay; the invoice takes it over. */
  payment_intent: string | null;
  /** Why the last attempt did not succeed, for the page. */
  problem: string | null;
}

/** The address under which pages were last served; the secret of endpoints that bring none; the id of the account. */
export interface Note {
  id: 'address' | 'webhook_secret' | 'account';
  value: string;
}

/** A payment that a bank decides later. */
export interface Settlement {
  id: string;
  at: number;
  outcome: 'succeeds' | 'fails';
}

export interface IdempotentAnswer {
  id: string;
  fingerprint: string;
  path: string;
  status: number;
  body: string;
  request: string;
  created: number;
}

type TableName = keyof Tables;
type Row = { id: string };

const TABLE_NAMES: readonly TableName[] = [
  ...(['customers', 'products', 'prices', 'payment_methods', 'payment_intents', 'charges', 'refunds', 'disputes'] as const),
  ...(['subscriptions', 'invoices', 'invoice_items', 'invoice_payments', 'checkout_sessions', 'portal_sessions'] as const),
  ...(['portal_configurations', 'events', 'tombstones', 'cards', 'checkout_details', 'portal_tokens', 'invoice_tokens'] as const),
  ...(['announced', 'settlements', 'refund_outcomes', 'idempotency', 'endpoints', 'deliveries', 'settings'] as const),
  ...(['coupons', 'promotion_codes', 'discounts', 'schedules', 'tax_ids'] as const),
];
/** The oldest rows of these are forgotten, so that memory and journal stay bounded however much happens. */
const MOST_ROWS: Partial<Record<TableName, number>> = { events: 20_000, deliveries: 20_000, idempotency: 20_000 };

/**
 * The simulator's memory: tables of immutable objects, in the order in which they were made, and a journal file. A
 * transaction's changes are appended to it before its answer goes out, so what was answered survives the death of the
 * process.
 */
export class Store {
  private readonly tables = new Map<string, Map<string, Row>>(TABLE_NAMES.map((name) => [name, new Map<string, Row>()]));
  private readonly journal: Journal | undefined;
  private undo: [TableName, string, Row | undefined][] = [];

  /** @param file the journal; without one nothing is kept */
  constructor(file?: string) {
    this.journal = file === undefined ? undefined : new Journal(file);
    for (const [name, id, row] of this.journal?.read() ?? []) {
      const table = this.tables.get(name);
      if (row === null) table?.delete(id);
      else table?.set(id, row as Row);
      this.forgetOldest(name);
    }
    this.journal?.replace(this.rows());
  }

  get<T extends TableName>(table: T, id: string): Tables[T] | undefined {
    return this.table(table).get(id);
  }

  /** All rows, without a copy of the list: for one pass, during which the table does not change. */
  each<T extends TableName>(table: T): Iterable<Tables[T]> {
    return this.table(table).values();
  }

  find<T extends TableName>(table: T, matches: (row: Tables[T]) => boolean): Tables[T] | undefined {
    for (const row of this.each(table)) if (matches(row)) return row;
    return undefined;
  }

  /** In the order in which they were made. */
  all<T extends TableName>(table: T): Tables[T][] {
    return [...this.table(table).values()];
  }

  put<T extends TableName>(table: T, row: Tables[T]): Tables[T] {
    this.remember(table, row.id);
    this.table(table).set(row.id, row);
    return row;
  }

  delete(table: TableName, id: string): void {
    this.remember(table, id);
    this.table(table).delete(id);
  }

  commit(): void {
    if (this.undo.length === 0) return;
    const touched = new Map(this.undo.map(([table, id]) => [`${table} ${id}`, [table, id] as const]));
    this.undo = [];
    for (const name of TABLE_NAMES) this.forgetOldest(name);
    const changes = [...touched.values()].map(([table, id]): Change => [table, id, this.table(table).get(id) ?? null]);
    if (this.journal?.append(changes) === true) this.journal.replace(this.rows());
  }

  rollback(): void {
    for (const [table, id, row] of this.undo.reverse()) {
      if (row === undefined) this.table(table).delete(id);
      else (this.table(table) as Map<string, Row>).set(id, row);
    }
    this.undo = [];
  }

  private table<T extends TableName>(name: T): Map<string, Tables[T]> {
    return this.tables.get(name) as Map<string, Tables[T]>;
  }

  private remember(table: TableName, id: string): void {
    this.undo.push([table, id, this.table(table).get(id)]);
  }

  private forgetOldest(name: string): void {
    const table = this.tables.get(name);
    const most = MOST_ROWS[name as TableName] ?? Infinity;
    while (table !== undefined && table.size > most) table.delete(table.keys().next().value ?? '');
  }

  private *rows(): Generator<Change> {
    for (const [name, table] of this.tables) for (const row of table.values()) yield [name, row.id, row];
  }
}
