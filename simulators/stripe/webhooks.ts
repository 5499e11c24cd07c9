/**
 * Events on their way to the endpoints: signed, tried again with back-off in real time, and every way in which a
 * network treats them.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { type Delivery, type DeliveryMode, type Endpoint, matchesType } from './delivery.js';
import { newId } from './ids.js';
import { signatureHeader, type SignatureKind } from './signature.js';
import type { Store } from './store.js';
import type { StripeEvent } from './wire.js';

export interface RetryRules {
  /** Milliseconds before the second try; each further wait is twice as long, up to an hour. */
  baseMs: number;
  tries: number;
  timeoutMs: number;
}

export const DEFAULT_RETRIES: RetryRules = { baseMs: 2000, tries: 16, timeoutMs: 10_000 };
const LONGEST_WAIT_MS = 3_600_000;

export class Webhooks {
  private readonly stopping = new AbortController();
  private readonly lines = new Map<string, Promise<void>>();
  private readonly retries = new Set<NodeJS.Timeout>();
  private pool: Delivery[] = [];

  constructor(
    private readonly store: Store,
    private readonly rules: RetryRules,
  ) {}

  mode(): DeliveryMode {
    const kept = this.store.get('settings', 'delivery');
    return kept?.id === 'delivery' ? kept : { id: 'delivery', mode: 'normal', delay_ms: 0, types: ['*'] };
  }

  /** Part of the transaction that made the events: their deliveries are kept with them, and start when it is over. */
  enqueue(events: readonly StripeEvent[]): void {
    const mode = this.mode();
    const ready: Delivery[] = [];
    for (const event of events) {
      const kind = mode.types.some((type) => matchesType(type, event.type)) ? mode.mode : 'normal';
      for (const endpoint of this.store.all('endpoints')) {
        if (endpoint.disabled === true || !endpoint.events.some((type) => matchesType(type, event.type))) continue;
        const copies = kind === 'duplicate' ? [event, event] : kind === 'doubled' ? [event, this.twin(event)] : [event];
        for (const copy of copies) ready.push(this.keep(copy, endpoint, kind));
      }
    }
    const waiting = ready.filter((delivery) => delivery.state === 'waiting');
    if (waiting.length === 0) return;
    const send = (): void => {
      for (const delivery of waiting) this.line(delivery);
    };
    if (mode.mode === 'shuffled') this.shuffleIn(waiting, mode.delay_ms);
    else if (mode.mode === 'delayed') this.later(mode.delay_ms, send);
    else setImmediate(send);
  }

  /** The first to come opens the window; what comes until it closes goes out in random order. */
  private shuffleIn(deliveries: readonly Delivery[], windowMs: number): void {
    const opens = this.pool.length === 0;
    this.pool.push(...deliveries);
    if (!opens) return;
    this.later(windowMs, () => {
      const pool = shuffle(this.pool);
      this.pool = [];
      for (const delivery of pool) this.line(delivery);
    });
  }

  /** Sends what a process that is gone had not sent. */
  takeUp(): void {
    for (const delivery of this.store.all('deliveries')) if (delivery.state === 'waiting') this.line(delivery);
  }

  /** Sends these events now, in this order, one after the other, whatever the mode. */
  async send(events: readonly StripeEvent[], signature: SignatureKind): Promise<Delivery[]> {
    const done: Delivery[] = [];
    for (const event of events)
      for (const endpoint of this.store.all('endpoints')) {
        const held = this.store.find('deliveries', (one) => one.event === event.id && one.endpoint === endpoint.id && one.state === 'held');
        const row: Delivery = held ?? this.row(event, endpoint, 'waiting', signature);
        done.push(await this.attempt({ ...row, signature }, false));
      }
    return done;
  }

  /** Lets go of everything that is held, in the order in which it came. */
  release(): number {
    const held = this.store.all('deliveries').filter((one) => one.state === 'held');
    for (const delivery of held) this.line(this.update(delivery, { state: 'waiting' }));
    this.store.commit();
    return held.length;
  }

  /** True once no delivery waits for its first try or for another one. */
  async settled(timeoutMs: number): Promise<boolean> {
    const end = Date.now() + timeoutMs;
    while (this.store.all('deliveries').some((one) => one.state === 'waiting')) {
      if (Date.now() > end) return false;
      await wait(10);
    }
    return true;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    for (const timer of this.retries) clearTimeout(timer);
    await Promise.all(this.lines.values());
  }

  private twin(event: StripeEvent): StripeEvent {
    return this.store.put('events', { ...event, id: newId('evt') });
  }

  private keep(event: StripeEvent, endpoint: Endpoint, kind: DeliveryMode['mode']): Delivery {
    const state = kind === 'lost' || kind === 'held' ? kind : 'waiting';
    return this.store.put('deliveries', this.row(event, endpoint, state, kind === 'forged' ? 'forged' : 'valid'));
  }

  private row(event: StripeEvent, endpoint: Endpoint, state: Delivery['state'], signature: SignatureKind): Delivery {
    return { id: newId('del'), event: event.id, type: event.type, endpoint: endpoint.id, state, signature, attempts: [] };
  }

  private update(delivery: Delivery, patch: Partial<Delivery>): Delivery {
    return this.store.put('deliveries', { ...delivery, ...patch });
  }

  /** First tries of an endpoint go one at a time, in order; a failed one does not hold up those behind it. */
  private line(delivery: Delivery): void {
    const before = this.lines.get(delivery.endpoint) ?? Promise.resolve();
    this.lines.set(
      delivery.endpoint,
      before.then(async () => {
        if (!this.stopping.signal.aborted) await this.attempt(delivery, true);
      }),
    );
  }

  private async attempt(delivery: Delivery, again: boolean): Promise<Delivery> {
    const event = this.store.get('events', delivery.event);
    const endpoint = this.store.get('endpoints', delivery.endpoint);
    if (event === undefined || endpoint === undefined) return this.finish(delivery, { state: 'failed' });
    const result = await this.post(event, endpoint, delivery.signature);
    if (this.stopping.signal.aborted && result.status === null) return delivery;
    const attempts = [...delivery.attempts, { at: new Date().toISOString(), ...result, signature: delivery.signature }];
    if (result.status !== null && result.status >= 200 && result.status < 300) {
      const done = this.update(delivery, { state: 'delivered', attempts });
      if (event.pending_webhooks > 0) this.store.put('events', { ...event, pending_webhooks: event.pending_webhooks - 1 });
      this.store.commit();
      return done;
    }
    if (!again || attempts.length >= this.rules.tries) return this.finish(delivery, { state: 'failed', attempts });
    const waiting = this.finish(delivery, { state: 'waiting', attempts });
    this.later(Math.min(this.rules.baseMs * 2 ** (attempts.length - 1), LONGEST_WAIT_MS), () => void this.attempt(waiting, true));
    return waiting;
  }

  private finish(delivery: Delivery, patch: Partial<Delivery>): Delivery {
    const next = this.update(delivery, patch);
    this.store.commit();
    return next;
  }

  private async post(
    event: StripeEvent,
    endpoint: Endpoint,
    kind: SignatureKind,
  ): Promise<{ status: number | null; error: string | null }> {
    const payload = JSON.stringify(event, null, 2);
    const header = signatureHeader(payload, endpoint.secrets, kind);
    try {
      const response = await fetch(endpoint.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'stripe-signature': header,
          'user-agent': 'Stripe/1.0 (simulated)',
        },
        body: kind === 'altered' ? payload.replace('"livemode": false', '"livemode":  false') : payload,
        redirect: 'manual',
        signal: AbortSignal.any([this.stopping.signal, AbortSignal.timeout(this.rules.timeoutMs)]),
      });
      await response.arrayBuffer();
      return { status: response.status, error: null };
    } catch (error) {
      return { status: null, error: error instanceof Error ? `${error.name}: ${error.message}` : 'failed' };
    }
  }

  private later(delayMs: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.retries.delete(timer);
      work();
    }, delayMs);
    this.retries.add(timer);
  }
}

function shuffle<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
