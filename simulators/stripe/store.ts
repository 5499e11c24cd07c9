import { appendFileSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ClockState } from './clock.js';
import type { Delivery, DeliveryMode, Endpoint } from './delivery.js';
import type { Card } from './test-cards.js';

import type {
  Charge,
  CheckoutLine,
  CheckoutSession,
  Customer,
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
  Refund,
  StripeEvent,
  Subscription,
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

  tombstones: { id: string; object: string; deleted: true };
  cards: Card;
  checkout_details: CheckoutDetails;
  portal_tokens: { id: string; session: string };
  invoice_tokens: { id: string; invoice: string };
  trials_announced: { id: string };
  settlements: Settlement;
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
  intent_metadata: Record<string, string>;
  invoice_creation: boolean;
  /** Made by the first attempt to pay; the invoice takes it over. */
  payment_intent: string | null;
  /** Why the last attempt did not succeed, for the page. */
  problem: string | null;
}

/** The address under which pages were last served; the secret of endpoints that bring none. */
export interface Note {
  id: 'address' | 'webhook_secret';
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
  ...(['trials_announced', 'settlements', 'idempotency', 'endpoints', 'deliveries', 'settings'] as const),
];
const COMPACT_FROM_BYTES = 16 * 1024 * 1024;

/**
 * The simulator's memory: tables of immutable objects, in the order in which they were made, and a journal file with
 * one line per change. A transaction's lines are appended before its answer goes out, so what was answered survives the
 * death of the process.
 */
export class Store {
  private readonly tables = new Map<TableName, Map<string, Row>>(TABLE_NAMES.map((name) => [name, new Map<string, Row>()]));
  private undo: [TableName, string, Row | undefined][] = [];
  private journalBytes = 0;
  private compactedBytes = 0;

  /** @param file the journal; without one nothing is kept */
  constructor(private readonly file?: string) {
    if (file === undefined) return;
    mkdirSync(dirname(file), { recursive: true });
    if (existsSync(file)) this.replay(readFileSync(file, 'utf8'));
    this.compact();
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
    if (this.file === undefined) return;
    const lines = [...touched.values()].map(([table, id]) => lineOf(table, id, this.table(table).get(id))).join('');
    appendFileSync(this.file, lines, { mode: 0o600 });
    this.journalBytes += lines.length;
    if (this.journalBytes > Math.max(COMPACT_FROM_BYTES, this.compactedBytes)) this.compact();
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

  /** A line that the process died in the middle of was never answered for; it can only be the last. */
  private replay(journal: string): void {
    for (const line of journal.split('\n')) {
      if (line === '') continue;
      let change: [TableName, string, Row | null];
      try {
        change = JSON.parse(line) as [TableName, string, Row | null];
      } catch {
        continue;
      }
      const [name, id, row] = change;
      const table = this.tables.get(name);
      if (row === null) table?.delete(id);
      else table?.set(id, row);
    }
  }

  /** Replaces the journal, at one stroke, by the lines of what is there now. */
  private compact(): void {
    if (this.file === undefined) return;
    const next = `${this.file}.next`;
    const rows = [...this.tables].flatMap(([name, table]) => [...table.values()].map((row) => lineOf(name, row.id, row)));
    const handle = openSync(next, 'w', 0o600);
    writeFileSync(handle, rows.join(''));
    fsyncSync(handle);
    closeSync(handle);
    renameSync(next, this.file);
    this.journalBytes = 0;
    this.compactedBytes = rows.reduce((sum, line) => sum + line.length, 0);
  }
}

const lineOf = (table: TableName, id: string, row: Row | undefined): string => `${JSON.stringify([table, id, row ?? null])}\n`;
