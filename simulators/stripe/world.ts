import type { SimulatorClock, Seconds } from './clock.js';
import { shown } from './hidden.js';
import { newId } from './ids.js';
import { resourceMissing } from './stripe-error.js';
import type { Store, Tables } from './store.js';
import { API_VERSION, type EventType, type StripeEvent } from './wire.js';

/** How the simulated account bills. */
export interface BillingRules {
  /** Seconds that a renewal's invoice stays a draft before it is finalised and charged. Stripe's hour. */
  draftSeconds: number;
  /** Days from one failed charge of an invoice to the next try. */
  retryDays: readonly number[];
  /** The state of a subscription after the last retry has failed. */
  whenRetriesEnd: 'cancel' | 'mark_unpaid' | 'leave_past_due';
  /** Seconds until a bank decides on a payment by an asynchronous method. */
  settleSeconds: number;
}

export const DEFAULT_RULES: BillingRules = {
  draftSeconds: 3600,
  retryDays: [3, 5, 7],
  whenRetriesEnd: 'cancel',
  settleSeconds: 3 * 86_400,
};

const NOUNS: Partial<Record<keyof Tables, string>> = {
  customers: 'customer',
  products: 'product',
  prices: 'price',
  payment_methods: 'PaymentMethod',
  payment_intents: 'payment_intent',
  charges: 'charge',
  refunds: 'refund',
  disputes: 'dispute',
  subscriptions: 'subscription',
  invoices: 'invoice',
  invoice_items: 'invoiceitem',
  invoice_payments: 'invoice_payment',
  checkout_sessions: 'checkout.session',
  portal_configurations: 'configuration',
  events: 'event',
  endpoints: 'webhook endpoint',
  coupons: 'coupon',
  promotion_codes: 'promotion code',
  discounts: 'discount',
  schedules: 'subscription schedule',
  tax_ids: 'tax id',
};

/**
 * Events that carry what was before: https://docs.stripe.com/api/events/object#event_object-data-previous_attributes
 */
const TELLS_BEFORE = /updated$|^payment_method\.detached$/;

/**
 * The simulated account: its objects, its time, and the events that changes to them cause. One change is one
 * transaction.
 */
export class World {
  /** The other mode of the same account: what is there is named in the refusal of a key of this one. */
  otherMode: World | undefined;
  private pending: StripeEvent[] = [];
  private cause: StripeEvent['request'] = { id: null, idempotency_key: null };

  constructor(
    readonly store: Store,
    readonly clock: SimulatorClock,
    readonly rules: BillingRules,
    /** Where the hosted pages are, without a slash at the end. */
    readonly address: () => string,
    private readonly deliver: (events: StripeEvent[]) => void,
    readonly account: { id: string; livemode: boolean } = { id: 'acct_simulated', livemode: false },
  ) {}

  now(): Seconds {
    return this.clock.now();
  }

  /** @throws StripeError resource_missing */
  require<T extends keyof Tables>(table: T, id: string, param = 'id'): Tables[T] {
    const row = this.store.get(table, id);
    if (row !== undefined) return row;
    throw resourceMissing(NOUNS[table] ?? table, id, param, this.otherMode?.store.get(table, id) === undefined ? '' : this.modeHint());
  }

  private modeHint(): string {
    const [here, there] = this.account.livemode ? ['live', 'test'] : ['test', 'live'];
    return `; a similar object exists in ${there} mode, but a ${here} mode key was used to make this request.`;
  }

  /** Keeps a new object, and tells of it where `type` is given. */
  add<T extends keyof Tables>(table: T, row: Tables[T], type?: EventType): Tables[T] {
    const kept = 'livemode' in row && this.account.livemode ? { ...row, livemode: true } : row;
    this.store.put(table, kept);
    if (type !== undefined) this.emit(type, kept);
    return kept;
  }

  /**
   * Changes an object. An event carries what the changed attributes were before; a change that changes nothing has no
   * event.
   */
  change<T extends keyof Tables>(table: T, row: Tables[T], patch: Partial<Tables[T]>, type?: EventType): Tables[T] {
    const next = { ...row, ...patch };
    const previous = differences(row, next);
    if (Object.keys(previous).length === 0) return row;
    this.store.put(table, next);
    if (type !== undefined) this.emit(type, next, TELLS_BEFORE.test(type) ? previous : undefined);
    return next;
  }

  emit(type: EventType, object: object, previous?: object): void {
    const event: StripeEvent = {
      id: newId('evt'),
      object: 'event',
      api_version: API_VERSION,
      created: this.now(),
      data: { object: shown(object), ...(previous === undefined ? {} : { previous_attributes: shown(previous) }) },
      livemode: this.account.livemode,
      pending_webhooks: this.store.all('endpoints').length,
      request: this.cause,
      type,
    };
    this.store.put('events', event);
    this.pending.push(event);
  }

  /** What `work` would come to; nothing of it happens. */
  preview<T>(work: () => T): T {
    try {
      return work();
    } finally {
      this.store.rollback();
      this.pending = [];
    }
  }

  /** All or nothing; the events go out once the change is kept. */
  transaction<T>(work: () => T, cause: StripeEvent['request'] = { id: null, idempotency_key: null }): T {
    this.cause = cause;
    try {
      const result = work();
      this.finish();
      return result;
    } catch (error) {
      this.store.rollback();
      this.pending = [];
      throw error;
    }
  }

  private finish(): void {
    const events = this.pending;
    this.pending = [];
    this.deliver(events);
    this.store.commit();
  }
}

/** The old values of what differs; within plain objects only of the keys that differ. */
function differences(before: object, after: object): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const old: unknown = Reflect.get(before, key);
    const now: unknown = Reflect.get(after, key);
    if (old === now || JSON.stringify(old) === JSON.stringify(now)) continue;
    found[key] = isPlain(old) && isPlain(now) ? differences(old, now) : (old ?? null);
  }
  return found;
}

const isPlain = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);
