/** Controls of the simulator that Stripe does not have: everything under /_simulator/. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { CALL_CONTROLS } from './call-controls.js';
import { DAY, type Seconds } from './clock.js';
import { settle } from './engine/checkout.js';
import { catchUp, passUntil } from './engine/lifecycle.js';
import { DISPUTE_STATUSES, moveDispute, openDispute } from './engine/disputes.js';
import { chargeOf } from './engine/payments.js';
import { REFUND_STATUSES, settleRefund } from './engine/refunds.js';
import { newId, randomText } from './ids.js';
import { PRO_PRICE_ID, PRO_PRODUCT_ID } from './objects/catalogue.js';
import { SIGNATURES } from './signature.js';
import { readBody } from './parameters.js';
import { invalidRequest } from './stripe-error.js';
import { CARD_BEHAVIOURS } from './test-cards.js';
import { API_VERSION } from './wire.js';
import { type DeliveryMode, type Endpoint, MODES } from './delivery.js';
import type { Webhooks } from './webhooks.js';
import type { World } from './world.js';

const CONTROLS = {
  'GET /_simulator/': 'this page',
  'GET /_simulator/clock': 'the simulated time',
  'POST /_simulator/clock':
    '{by: "31d" | "12h" | "90m" | seconds} or {to: ISO time | unix seconds}, and {frozen: true | false}: moves the time, lets all that is due happen in order, answers the events of it',
  'POST /_simulator/cards': `{customer} or {payment_method}, {behaviour: ${CARD_BEHAVIOURS.join(' | ')}}: what those cards do from now on`,
  'POST /_simulator/disputes': `{charge | payment_intent, reason?, status?: ${DISPUTE_STATUSES.join(' | ')}}: the cardholder disputes a charge, however old`,
  'POST /_simulator/disputes/:id': '{status}: what the bank says next',
  'POST /_simulator/disputes/:id/close': '{status: "won" | "lost"}',
  'POST /_simulator/refunds/:id': `{status: ${REFUND_STATUSES.join(' | ')}}: the bank decides on a refund, also on one that had succeeded`,
  'POST /_simulator/payments/:id/settle': '{outcome: "succeeds" | "fails"}: the bank decides now on a payment intent that is processing',
  'GET /_simulator/webhooks': 'endpoints (with secrets) and the delivery mode',
  'POST /_simulator/webhooks/endpoints':
    '{url, secret?, previous_secret?, events?: [types]}: one more endpoint, or the same url with other secrets',
  'DELETE /_simulator/webhooks/endpoints/:id': 'no more events there',
  'POST /_simulator/webhooks/endpoints/:id/rotate': 'a new secret; deliveries are signed with both until the next rotation',
  'POST /_simulator/webhooks/mode': `{mode: ${MODES.join(' | ')}, delay_ms?, types?: ["invoice.*"]}`,
  'POST /_simulator/webhooks/send': `{events: [ids], signature?: ${SIGNATURES.join(' | ')}}: sends these now, in this order, repeats included; answers the attempts`,
  'POST /_simulator/webhooks/release': 'sends what is held',
  'POST /_simulator/webhooks/settle': '{timeout_ms?}: answers when nothing waits to be sent',
  'GET /_simulator/webhooks/deliveries': '?event=&type=&state=: every delivery with its attempts',
  ...CALL_CONTROLS,
} as const;

const UNITS: Readonly<Record<string, Seconds>> = { s: 1, m: 60, h: 3600, d: DAY };
const clockBody = z.strictObject({
  by: z.union([z.int().nonnegative(), z.string().regex(/^\d+[smhd]$/)]).optional(),
  to: z.union([z.int().positive(), z.iso.datetime({ offset: true })]).optional(),
  frozen: z.boolean().optional(),
});
const cardsBody = z.strictObject({
  customer: z.string().optional(),
  payment_method: z.string().optional(),
  behaviour: z.enum(CARD_BEHAVIOURS),
});
const disputeBody = z.strictObject({
  charge: z.string().optional(),
  payment_intent: z.string().optional(),
  reason: z.string().optional(),
  status: z.enum(DISPUTE_STATUSES).optional(),
});
const endpointBody = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  secret: z.string().min(1).optional(),
  previous_secret: z.string().min(1).optional(),
  events: z.array(z.string()).min(1).optional(),
});
const modeBody = z.strictObject({
  mode: z.enum(MODES),
  delay_ms: z.int().min(0).max(60_000).optional(),
  types: z.array(z.string()).optional(),
});
const sendBody = z.strictObject({ events: z.array(z.string()).min(1), signature: z.enum(SIGNATURES).optional() });
const idOf = (params: unknown): string => (params as { id: string }).id;

/** The secret of endpoints that come without one; made once. */
export function commonSecret(world: World): string {
  const kept = world.store.get('settings', 'webhook_secret');
  if (kept?.id === 'webhook_secret') return kept.value;
  const value = `whsec_${randomText(32)}`;
  world.add('settings', { id: 'webhook_secret', value });
  return value;
}

/** Adds an endpoint, or gives the one of that url other secrets. */
export function setEndpoint(world: World, given: z.output<typeof endpointBody>): Endpoint {
  const old = world.store.find('endpoints', (one) => one.url === given.url);
  const secrets =
    given.secret === undefined && old !== undefined
      ? old.secrets
      : [given.secret ?? commonSecret(world), ...(given.previous_secret === undefined ? [] : [given.previous_secret])];
  return world.add('endpoints', {
    ...old,
    id: old?.id ?? newId('we'),
    url: given.url,
    secrets,
    events: given.events ?? old?.events ?? ['*'],
  });
}

export function serveControls(app: FastifyInstance, world: World, webhooks: Webhooks): void {
  app.get('/_simulator/', () => ({
    simulator: 'Stripe. Nothing here moves money.',
    api_version: API_VERSION,
    ids: { price: PRO_PRICE_ID, product: PRO_PRODUCT_ID },
    now: clockOf(world).now,
    rules: world.rules,
    controls: CONTROLS,
  }));
  app.get('/_simulator/clock', () => clockOf(world));
  app.post('/_simulator/clock', (request) => moveClock(world, readBody(clockBody, request.body)));

  app.post('/_simulator/cards', (request) => {
    const { customer, payment_method: id, behaviour } = readBody(cardsBody, request.body);
    const methods = world.store
      .all('payment_methods')
      .filter((one) => (customer === undefined ? one.id === id : one.customer === customer));
    if (methods.length === 0) throw invalidRequest('No card is known under that id.');
    return world.transaction(() => {
      for (const { id: card } of methods) world.change('cards', world.require('cards', card), { behaviour, authenticated: false });
      return { changed: methods.map((one) => one.id) };
    });
  });
  app.post('/_simulator/disputes', (request) => {
    const body = readBody(disputeBody, request.body);
    return world.transaction(() => openDispute(world, chargeOf(world, body), body.reason ?? 'fraudulent', body.status));
  });
  for (const path of ['/_simulator/disputes/:id', '/_simulator/disputes/:id/close'])
    app.post(path, (request) => {
      const { status } = readBody(z.strictObject({ status: z.enum(DISPUTE_STATUSES) }), request.body);
      return world.transaction(() => moveDispute(world, world.require('disputes', idOf(request.params)), status));
    });
  app.post('/_simulator/refunds/:id', (request) => {
    const { status } = readBody(z.strictObject({ status: z.enum(REFUND_STATUSES) }), request.body);
    return world.transaction(() => settleRefund(world, world.require('refunds', idOf(request.params)), status));
  });
  app.post('/_simulator/payments/:id/settle', (request) => {
    const { outcome } = readBody(z.strictObject({ outcome: z.enum(['succeeds', 'fails']) }), request.body);
    const intent = world.require('payment_intents', idOf(request.params));
    if (world.store.get('settlements', intent.id) === undefined) throw invalidRequest('This payment does not wait for a bank.');
    world.transaction(() => {
      settle(world, intent, outcome === 'succeeds');
    });
    return world.require('payment_intents', intent.id);
  });
  serveWebhookControls(app, world, webhooks);
}

function serveWebhookControls(app: FastifyInstance, world: World, webhooks: Webhooks): void {
  app.get('/_simulator/webhooks', () => ({ endpoints: world.store.all('endpoints'), ...webhooks.mode() }));
  app.post('/_simulator/webhooks/endpoints', (request) => {
    const body = readBody(endpointBody, request.body);
    return world.transaction(() => setEndpoint(world, body));
  });
  app.delete('/_simulator/webhooks/endpoints/:id', (request) => {
    const endpoint = world.require('endpoints', idOf(request.params));
    world.transaction(() => {
      world.store.delete('endpoints', endpoint.id);
    });
    return { id: endpoint.id, deleted: true };
  });
  app.post('/_simulator/webhooks/endpoints/:id/rotate', (request) => {
    const endpoint = world.require('endpoints', idOf(request.params));
    const secrets = [`whsec_${randomText(32)}`, ...endpoint.secrets.slice(0, 1)];
    return world.transaction(() => world.change('endpoints', endpoint, { secrets }));
  });
  app.post('/_simulator/webhooks/mode', (request) => {
    const { mode, delay_ms: delay = mode === 'normal' ? 0 : 200, types = ['*'] } = readBody(modeBody, request.body);
    const next: DeliveryMode = { id: 'delivery', mode, delay_ms: delay, types };
    return world.transaction(() => world.add('settings', next));
  });
  app.post('/_simulator/webhooks/send', async (request) => {
    const { events, signature = 'valid' } = readBody(sendBody, request.body);
    const found = events.map((id) => world.require('events', id));
    return { data: await webhooks.send(found, signature) };
  });
  app.post('/_simulator/webhooks/release', () => ({ released: webhooks.release() }));
  app.post('/_simulator/webhooks/settle', async (request) => {
    const { timeout_ms: timeout = 10_000 } = readBody(z.strictObject({ timeout_ms: z.int().min(0).max(120_000).optional() }), request.body);
    return { settled: await webhooks.settled(timeout) };
  });
  app.get('/_simulator/webhooks/deliveries', (request) => {
    const { event, type, state } = readBody(
      z.strictObject({ event: z.string().optional(), type: z.string().optional(), state: z.string().optional() }),
      request.query,
    );
    const data = world.store
      .all('deliveries')
      .filter((one) => one.event === (event ?? one.event) && one.type === (type ?? one.type) && one.state === (state ?? one.state));
    return { data };
  });
}

function clockOf(world: World): { now: string; unix: Seconds; frozen: boolean } {
  const unix = world.now();
  return { now: new Date(unix * 1000).toISOString(), unix, frozen: world.clock.frozen };
}

function moveClock(world: World, { by, to, frozen }: z.output<typeof clockBody>): object {
  if (by !== undefined && to !== undefined) throw invalidRequest('Give `by` or `to`, not both.');
  if (frozen === true) world.clock.freeze();
  const target = targetOf(world.now(), by, to);
  if (target < world.now()) throw invalidRequest('The clock does not go back.');
  const last = world.store.all('events').at(-1)?.id;
  if (by === undefined && to === undefined) catchUp(world);
  else passUntil(world, target);
  if (frozen === false) world.clock.unfreeze();
  world.transaction(() => world.add('settings', world.clock.state()));
  const all = world.store.all('events');
  const events = all.slice(all.findIndex(({ id }) => id === last) + 1);
  return { ...clockOf(world), events: events.map(({ id, type, created }) => ({ id, type, created })) };
}

function targetOf(now: Seconds, by: number | string | undefined, to: number | string | undefined): Seconds {
  if (typeof by === 'number') return now + by;
  if (typeof by === 'string') return now + Number(by.slice(0, -1)) * (UNITS[by.slice(-1)] ?? 1);
  if (typeof to === 'string') return Math.floor(Date.parse(to) / 1000);
  return to ?? now;
}
