/**
 * A simulator of Stripe: its API for subscriptions on its own wire, its hosted pages for people, its webhooks, and a
 * clock that can be moved. It stands alone, keeps its state in one file, and says on every page that it is simulated.
 * Payments never leave it.
 *
 * - **API** under /v1: version 2026-10-28.endive, any `sk_test_…` key (or the one configured). What it does not know it
 *   refuses by name (`parameter_unknown`, 404 for a path); it ignores nothing.
 * - **Catalogue**: price `price_simulated_pro` (every 30 days) of product `prod_simulated_pro`, always there; more
 *   through the API.
 * - **Pages**: /c/pay/… (Checkout), /authenticate/… (the bank's question), /p/session/… (customer portal), /i/…
 *   (invoices). 4242 4242 4242 4242 pays, 4000 0000 0000 0002 is declined, 4000 0025 0000 3155 asks for authentication;
 *   test-cards.ts has them all.
 * - **Webhooks**: signed with real time, tried again with back-off; duplicated, shuffled, delayed, lost, forged or held
 *   when asked to.
 * - **Time**: simulated. Renewals, retries, dunning, ends, trials and expiries happen when it passes; so does real
 *   time, unless frozen.
 * - **Controls** under /_simulator/, which lists them.
 *
 * docs/billing.md lists what it does not do.
 */
import Fastify, { type FastifyInstance } from 'fastify';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { Accounts } from './accounts.js';
import { serveApi } from './api.js';
import { serveCallControls } from './call-controls.js';
import { Calls } from './calls.js';
import { DAY, SimulatorClock } from './clock.js';
import { commonSecret, serveControls } from './controls.js';
import { catchUp } from './engine/lifecycle.js';
import { Faults } from './faults.js';
import {
  newPrice,
  newProduct,
  newRecurrence,
  PRO_ANNUAL_LOOKUP_KEY,
  PRO_ANNUAL_PRICE_ID,
  PRO_PRICE_ID,
  PRO_PRODUCT_ID,
} from './objects/catalogue.js';
import { defaultPortalConfiguration } from './objects/portal.js';
import { serveAuthenticationPage } from './pages/authentication-page.js';
import { serveCheckoutPage } from './pages/checkout-page.js';
import { serveInvoicePage } from './pages/invoice-page.js';
import { servePortalPage } from './pages/portal-page.js';
import { errorText, invalidRequest, StripeError } from './stripe-error.js';
import { Store } from './store.js';
import { DEFAULT_RETRIES, Webhooks, type RetryRules } from './webhooks.js';
import { DEFAULT_RULES, World, type BillingRules } from './world.js';

export interface StripeSimulatorOptions {
  /** 0 takes a free one. */
  port: number;
  host?: string;
  /** Where browsers reach the pages, if not at host and port. */
  publicUrl?: string;
  /** Keeps everything over a restart; without it nothing is kept. */
  stateFile?: string;
  /**
   * Where events go from the start. Without a secret one is made, and kept. `previousSecret`: deliveries are signed
   * with both.
   */
  webhook?: { url: string; secret?: string; previousSecret?: string };
  /** The only key that is accepted; without it any `sk_test_…` or `rk_test_…`. */
  apiKey?: string;
  /**
   * The amount of the Pro price, in the currency's smallest unit. Applies when the price is made, on the first start.
   */
  proPrice?: { amount: number; currency: string };
  rules?: Partial<BillingRules>;
  retries?: Partial<RetryRules>;
}

export interface StripeSimulator {
  /** `http://host:port`, for the SDK's `host`, `port` and `protocol`. */
  url: string;
  port: number;
  /** The secret of the configured endpoint, and of every one that is added without its own. */
  webhookSecret: string;
  /**
   * From now on events go there, and what waited to be sent too: for a receiver whose address is not known before this
   * one's.
   */
  sendEventsTo: (url: string) => void;
  /** Lets requests end, sends no more events, closes. What was not delivered yet is sent after the next start. */
  stop: () => Promise<void>;
}

const TICK_MS = 1000;
/** When the simulated account was opened: 2026-01-01T00:00:00Z. */
const OPENED = 1_767_225_600;
const FORM = 'application/x-www-form-urlencoded';

export async function startStripeSimulator(options: StripeSimulatorOptions): Promise<StripeSimulator> {
  const store = new Store(options.stateFile);
  const webhooks = new Webhooks(store, { ...DEFAULT_RETRIES, ...options.retries });
  const clock = restoredClock(store);
  const faults = new Faults();
  let address = options.publicUrl ?? '';
  const world = new World(
    store,
    clock,
    { ...DEFAULT_RULES, ...options.rules },
    () => address,
    (events) => {
      webhooks.enqueue(events);
    },
  );

  const accounts = new Accounts(world, options.apiKey);
  const calls = new Calls();

  const app = Fastify({
    forceCloseConnections: true,
    bodyLimit: 1024 * 1024,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 500 },
  });
  app.setErrorHandler((error, _request, reply) => {
    const known = error instanceof StripeError ? error : unexpected(error);
    return reply
      .code(known.status)
      .type('application/json')
      .send(errorText(known, String(reply.getHeader('request-id') ?? '')));
  });
  app.setNotFoundHandler((request) => {
    throw invalidRequest(
      `Unrecognized request URL (${request.method}: ${request.url.split('?')[0] ?? ''}). The simulator may not have it.`,
      { status: 404 },
    );
  });
  await app.register((api, _options, done) => {
    api.removeAllContentTypeParsers();
    api.addContentTypeParser(FORM, { parseAs: 'string' }, (_request, body, parsed) => {
      parsed(null, body);
    });
    serveApi(api, accounts, faults, calls);
    done();
  });
  await app.register((pages, _options, done) => {
    servePages(pages, world);
    done();
  });
  await app.register((controls, _options, done) => {
    controls.removeContentTypeParser('text/plain');
    serveControls(controls, world, webhooks);
    serveCallControls(controls, accounts, calls, faults);
    done();
  });

  await app.listen({ port: options.port, host: options.host ?? '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const host = options.host ?? '127.0.0.1';
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  address = (options.publicUrl ?? url).replace(/\/$/, '');
  const webhookSecret = world.transaction(() => prepare(world, options));
  webhooks.takeUp();
  const tick = setInterval(() => {
    catchUp(world);
  }, TICK_MS);

  const stop = async (): Promise<void> => {
    clearInterval(tick);
    await app.close();
    await webhooks.stop();
  };
  const sendEventsTo = (receiver: string): void => {
    world.transaction(() => {
      configureEndpoint(world, { url: receiver, secret: webhookSecret });
    });
  };
  return { url, port, webhookSecret, sendEventsTo, stop };
}

function restoredClock(store: Store): SimulatorClock {
  const clock = new SimulatorClock();
  const kept = store.get('settings', 'clock');
  if (kept?.id === 'clock') clock.restore(kept);
  return clock;
}

/** Creates what the first request needs. @returns the webhook secret */
function prepare(world: World, { proPrice, webhook }: StripeSimulatorOptions): string {
  if (world.store.get('products', PRO_PRODUCT_ID) === undefined) {
    world.add('products', newProduct(OPENED, { id: PRO_PRODUCT_ID, name: 'Pro', default_price: PRO_PRICE_ID }));
    const { amount = 999, currency = 'usd' } = proPrice ?? {};
    const price = newPrice(OPENED, {
      id: PRO_PRICE_ID,
      product: PRO_PRODUCT_ID,
      currency,
      unit_amount: amount,
      recurring: newRecurrence('day', 30),
    });
    world.add('prices', { ...price, nickname: 'Pro' });
    world.add('portal_configurations', defaultPortalConfiguration(OPENED));
  }
  if (world.store.get('prices', PRO_ANNUAL_PRICE_ID) === undefined) {
    const price = newPrice(OPENED, {
      id: PRO_ANNUAL_PRICE_ID,
      product: PRO_PRODUCT_ID,
      currency: proPrice?.currency ?? 'usd',
      unit_amount: (proPrice?.amount ?? 999) * 10,
      lookup_key: PRO_ANNUAL_LOOKUP_KEY,
      recurring: newRecurrence('year', 1),
    });
    world.add('prices', { ...price, nickname: 'Pro annual' });
  }
  forget(world);
  moveAddresses(world);
  const common = commonSecret(world);
  if (webhook === undefined) return common;
  const secret = webhook.secret ?? common;
  configureEndpoint(world, { ...webhook, secret });
  return secret;
}

/** There is one such endpoint, wherever it moves. */
function configureEndpoint(world: World, { url, secret, previousSecret }: { url: string; secret: string; previousSecret?: string }): void {
  const secrets = [secret, ...(previousSecret === undefined ? [] : [previousSecret])];
  world.add('endpoints', { id: 'we_configured', url, secrets, events: ['*'] });
}

/** Deletes what Stripe does not keep either: idempotency keys after a day, events after 30. */
function forget(world: World): void {
  for (const { id, created } of world.store.all('idempotency')) if (created < world.now() - DAY) world.store.delete('idempotency', id);
  const old = new Set(world.store.all('events').flatMap(({ id, created }) => (created < world.now() - 30 * DAY ? [id] : [])));
  for (const id of old) world.store.delete('events', id);
  for (const { id, event } of world.store.all('deliveries')) if (old.has(event)) world.store.delete('deliveries', id);
}

/** Pages that were open before a restart stay where the simulator now is. */
function moveAddresses(world: World): void {
  const now = world.address();
  const kept = world.store.get('settings', 'address');
  const before = kept?.id === 'address' ? kept.value : now;
  world.add('settings', { id: 'address', value: now });
  if (before === now) return;
  const moved = (url: string): string => (url.startsWith(`${before}/`) ? now + url.slice(before.length) : url);
  for (const session of world.store.all('checkout_sessions'))
    if (session.url !== null) world.change('checkout_sessions', session, { url: moved(session.url) });
  for (const session of world.store.all('portal_sessions')) world.change('portal_sessions', session, { url: moved(session.url) });
  for (const invoice of world.store.all('invoices'))
    if (invoice.hosted_invoice_url != null) world.change('invoices', invoice, { hosted_invoice_url: moved(invoice.hosted_invoice_url) });
}

function unexpected(error: unknown): StripeError {
  const status = error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500;
  const message = error instanceof Error ? error.message : 'Something went wrong in the simulator.';
  return new StripeError(status, { type: status < 500 ? 'invalid_request_error' : 'api_error', message });
}

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="#4338ca"/><path d="M3 6h10v5H3z" fill="none" stroke="#fff" stroke-width="1.5"/><path d="M3 8h10" stroke="#fff"/></svg>`;

/** The hosted pages. No script runs on them; their forms go nowhere but here. */
function servePages(app: FastifyInstance, world: World): void {
  const css = readFileSync(new URL('./pages/simulator.css', import.meta.url), 'utf8');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(FORM, { parseAs: 'string' }, (_request, body, parsed) => {
    parsed(null, Object.fromEntries(new URLSearchParams(String(body))));
  });
  app.addHook('onRequest', (_request, reply, done) => {
    void reply.headers({
      'content-security-policy':
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    done();
  });
  app.get('/assets/icon.svg', (_request, reply) => reply.type('image/svg+xml').send(ICON));
  app.get('/assets/simulator.css', (_request, reply) => reply.type('text/css; charset=utf-8').send(css));
  serveCheckoutPage(app, world);
  serveAuthenticationPage(app, world);
  servePortalPage(app, world);
  serveInvoicePage(app, world);
}
