/**
 * The Stripe simulator as tests use it: the real SDK pointed at it, its controls, its page's form without a browser,
 * and a receiver of webhooks.
 */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import Stripe from 'stripe';
import { startStripeSimulator, type StripeSimulatorOptions } from '../../simulators/stripe/server.js';

export const PRO_PRICE = 'price_simulated_pro';
/** Where the frozen clock of a test starts: 2030-01-01T00:00:00Z. */
export const START = 1_893_456_000;
export const DAY = 86_400;

/** What a failed test left open; it must not keep the run from ending. */
const open = new Set<() => Promise<void>>();
afterAll(async () => {
  for (const stop of open) await stop();
});

export interface CalledEvent {
  id: string;
  type: string;
  created: number;
}

export interface StripeWorld {
  url: string;
  webhookSecret: string;
  stripe: Stripe;
  /** `control('POST', 'clock', {by: '31d'})` */
  control: <T = Record<string, unknown>>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => Promise<T>;
  /** Lets time pass and answers the types of the events of it, in order. */
  pass: (by: string) => Promise<string[]>;
  /** The types of all events so far, oldest first. */
  eventTypes: () => Promise<string[]>;
  /** Opens a checkout for Pro. */
  checkout: (given?: Partial<Stripe.Checkout.SessionCreateParams>) => Promise<Stripe.Checkout.Session>;
  /** Sends the form of the checkout's page; the answer's status and where it leads. */
  submit: (address: string, fields?: Record<string, string>) => Promise<{ status: number; location: string | null }>;
  /** A customer who has subscribed to Pro with 4242…, and the subscription. */
  subscribe: (customer?: string) => Promise<Stripe.Subscription>;
  stop: () => Promise<void>;
}

export function client(url: string, config: Stripe.StripeConfig = {}, key = 'sk_test_simulated1234'): Stripe {
  const { hostname, port } = new URL(url);
  return new Stripe(key, { host: hostname, port, protocol: 'http', telemetry: false, maxNetworkRetries: 0, ...config });
}

export const CARD = {
  method: 'card',
  email: 'ada@example.com',
  number: '4242 4242 4242 4242',
  expiry: '12 / 34',
  cvc: '123',
  name: 'Ada Lovelace',
};

/** @param options with `running: true` the clock is left running in real time instead of frozen at START */
export async function openStripe({
  running = false,
  ...options
}: Partial<StripeSimulatorOptions> & { running?: boolean } = {}): Promise<StripeWorld> {
  const simulator = await startStripeSimulator({ port: 0, ...options });
  const stripe = client(simulator.url);
  const stop = async (): Promise<void> => {
    open.delete(stop);
    await simulator.stop();
  };
  open.add(stop);

  const control: StripeWorld['control'] = async (method, path, body) => {
    const response = await fetch(`${simulator.url}/_simulator/${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${answer}`);
    return JSON.parse(answer) as never;
  };
  if (!running) await control('POST', 'clock', { frozen: true, to: '2030-01-01T00:00:00Z' });

  const submit: StripeWorld['submit'] = async (address, fields = {}) => {
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ ...CARD, ...fields }),
      redirect: 'manual',
    });
    await response.arrayBuffer();
    const location = response.headers.get('location');
    return { status: response.status, location: location === null ? null : new URL(location, address).href };
  };
  const checkout: StripeWorld['checkout'] = (given = {}) =>
    stripe.checkout.sessions.create({
      mode: 'subscription',
      line_items: [{ price: PRO_PRICE, quantity: 1 }],
      success_url: 'https://shop.example/done?session={CHECKOUT_SESSION_ID}',
      cancel_url: 'https://shop.example/plans',
      ...given,
    });
  const subscribe: StripeWorld['subscribe'] = async (customer) => {
    const owner = customer ?? (await stripe.customers.create({ email: 'ada@example.com', name: 'Ada Lovelace' })).id;
    const session = await checkout({ customer: owner });
    await submit(session.url ?? '');
    const paid = await stripe.checkout.sessions.retrieve(session.id);
    return stripe.subscriptions.retrieve(paid.subscription as string);
  };

  return {
    url: simulator.url,
    webhookSecret: simulator.webhookSecret,
    stripe,
    control,
    pass: async (by) => (await control<{ events: CalledEvent[] }>('POST', 'clock', { by })).events.map((event) => event.type),
    eventTypes: async () =>
      (await stripe.events.list({ limit: 100 }).autoPagingToArray({ limit: 1000 })).map((event) => event.type).reverse(),
    checkout,
    submit,
    subscribe,
    stop,
  };
}

export interface ReceivedWebhook {
  headers: IncomingHttpHeaders;
  body: string;
  /** real milliseconds */
  at: number;
}

export interface WebhookReceiver {
  url: string;
  received: ReceivedWebhook[];
  /** What the next webhooks are answered; 200 when it is empty. */
  statuses: number[];
  types: () => string[];
  /** Resolves once `count` webhooks have come. */
  waitFor: (count: number) => Promise<void>;
  stop: () => Promise<void>;
}

export async function receiveWebhooks(): Promise<WebhookReceiver> {
  const received: ReceivedWebhook[] = [];
  const statuses: number[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString(), at: Date.now() });
      response.statusCode = statuses.shift() ?? 200;
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    open.delete(stop);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  open.add(stop);
  return {
    url: `http://127.0.0.1:${port}/webhook/stripe`,
    received,
    statuses,
    types: () => received.map(({ body }) => (JSON.parse(body) as { type: string }).type),
    waitFor: async (count) => {
      const end = Date.now() + 10_000;
      while (received.length < count) {
        if (Date.now() > end) throw new Error(`only ${received.length} of ${count} webhooks came`);
        await wait(5);
      }
    },
    stop,
  };
}

/**
 * An answer with what differs from run to run made the same: ids are numbered in the order in which they appear, random
 * tokens and the simulator's address are named. Decimals become the strings that they are on the wire.
 */
export function stable(answer: object, url: string): unknown {
  const known = new Map<string, string>();
  const counts = new Map<string, number>();
  const text = JSON.stringify(answer)
    .replaceAll(url, 'http://simulator')
    .replace(/\b(cus|sub|si|in|il|ii|pi|ch|pm|evt|re|du|txn|inpay|bps|li|cs_test)_\w+/g, (id, prefix: string) => {
      const short = known.get(id) ?? `${prefix}_${(counts.get(prefix) ?? 0) + 1}`;
      if (!known.has(id)) counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
      known.set(id, short);
      return short;
    })
    .replace(/req_\w+/g, 'req')
    .replace(/\/(i|p\/session)\/\w+/g, '/$1/token')
    .replace(/"fingerprint":"\w+"/g, '"fingerprint":"fingerprint"')
    .replace(/"invoice_prefix":"\w+"/g, '"invoice_prefix":"PREFIX"')
    .replace(/"number":"\w+-(\d+)"/g, '"number":"PREFIX-$1"');
  return JSON.parse(text);
}
