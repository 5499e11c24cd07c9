/** Stripe's API over HTTP: who may call, the version, idempotency, the form, the answer. */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Accounts } from './accounts.js';
import type { Calls } from './calls.js';
import { catchUp } from './engine/lifecycle.js';
import type { Faults } from './faults.js';
import { parseForm, type FormObject } from './form-encoding.js';
import { randomText } from './ids.js';
import { readParameters } from './parameters.js';
import { expand } from './routes/expansion.js';
import type { Route } from './routes/route.js';
import { accountRoutes } from './routes/accounts.js';
import { customerRoutes } from './routes/customers.js';
import { discountRoutes } from './routes/discounts.js';
import { disputeRoutes } from './routes/disputes.js';
import { refundRoutes } from './routes/refunds.js';
import { portalRoutes } from './routes/portal.js';
import { webhookEndpointRoutes } from './routes/webhook-endpoints.js';
import { priceRoutes, productRoutes } from './routes/catalogue.js';
import { paymentMethodRoutes } from './routes/payment-methods.js';
import { paymentRoutes } from './routes/payments.js';
import { subscriptionRoutes } from './routes/subscriptions.js';
import { subscriptionScheduleRoutes } from './routes/subscription-schedules.js';
import { invoiceRoutes } from './routes/invoices.js';
import { checkoutSessionRoutes } from './routes/checkout-sessions.js';
import { paymentPageRoutes } from './routes/payment-pages.js';
import { eventRoutes } from './routes/events.js';
import { errorText, invalidRequest, rateLimited, StripeError } from './stripe-error.js';
import { API_VERSION } from './wire.js';
import type { World } from './world.js';

const ROUTES: readonly Route[] = [
  ...accountRoutes,
  ...customerRoutes,
  ...productRoutes,
  ...priceRoutes,
  ...paymentMethodRoutes,
  ...paymentRoutes,
  ...refundRoutes,
  ...disputeRoutes,
  ...discountRoutes,
  ...subscriptionRoutes,
  ...subscriptionScheduleRoutes,
  ...invoiceRoutes,
  ...checkoutSessionRoutes,
  ...paymentPageRoutes,
  ...portalRoutes,
  ...webhookEndpointRoutes,
  ...eventRoutes,
];
const KEYS_KEPT_FOR = 86_400;

interface Call {
  world: World;
  route: Route;
  id: string;
  form: FormObject;
  requestId: string;
  key: string | undefined;
}

export function serveApi(app: FastifyInstance, accounts: Accounts, faults: Faults, calls: Calls): void {
  const inFlight = new Set<string>();

  app.addHook('onResponse', (request, reply, done) => {
    calls.record({
      at: Date.now(),
      key: keyOf(request) ?? '',
      method: request.method,
      path: pathOf(request),
      form: formTextOf(request),
      idempotency_key: headerOf(request, 'idempotency-key') ?? null,
      status: reply.statusCode,
    });
    done();
  });

  const answer = async (route: Route, request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const requestId = `req_${randomText(14)}`;
    const key = request.method === 'POST' ? headerOf(request, 'idempotency-key') : undefined;
    // Stripe's now, for clients that measure by it.
    const { own } = accounts;
    void reply.headers({ 'request-id': requestId, 'stripe-version': API_VERSION, date: new Date(own.now() * 1000).toUTCString() });
    if (key !== undefined) void reply.header('idempotency-key', key);
    const world = authenticate(request, accounts);
    checkVersion(request);
    const excess = calls.exceeds(`${route.method} ${route.path}`);
    if (excess !== undefined) {
      void reply.header('stripe-rate-limited-reason', excess);
      throw rateLimited();
    }
    const body = formTextOf(request);
    const call: Call = { world, route, id: idOf(request), form: parseForm(body), requestId, key };
    if (key === undefined) return perform(call, request, reply);
    const flight = `${world.account.id} ${String(world.account.livemode)} ${key}`;
    if (inFlight.has(flight)) throw keyInUse(key);
    inFlight.add(flight);
    try {
      const repeated = repeatedAnswer(call, request, body);
      if (repeated !== undefined)
        return await reply
          .code(repeated.status)
          .header('idempotent-replayed', 'true')
          .header('original-request', repeated.request)
          .type('application/json')
          .send(repeated.body);
      return await perform(call, request, reply, fingerprintOf(request, body));
    } finally {
      inFlight.delete(flight);
    }
  };

  const perform = async (call: Call, request: FastifyRequest, reply: FastifyReply, fingerprint?: string): Promise<unknown> => {
    const fault = faults.take(request.method, pathOf(request));
    if (fault !== undefined && (await fault.before(reply)) === 'answered') return reply;
    const { status, text } = run(call, pathOf(request), fingerprint);
    if (fault !== undefined && fault.after(reply) === 'answered') return reply;
    return reply.code(status).type('application/json').send(text);
  };

  for (const route of ROUTES)
    app.route({ method: route.method, url: route.path, handler: (request, reply) => answer(route, request, reply) });
}

/** Does the call as one transaction, which also keeps its answer under its key. */
function run(call: Call, path: string, fingerprint: string | undefined): { status: number; text: string } {
  const { world } = call;
  catchUp(world);
  const { expand: paths, ...form } = call.form;
  const keep = (status: number, text: string): { status: number; text: string } => {
    if (fingerprint !== undefined && call.key !== undefined)
      world.store.put('idempotency', {
        id: call.key,
        fingerprint,
        path,
        status,
        body: text,
        request: call.requestId,
        created: world.now(),
      });
    return { status, text };
  };
  const result = world.transaction(
    () => {
      try {
        const parameters = readParameters(call.route.schema, form);
        const object = call.route.run(world, parameters as never, call.id);
        return keep(200, JSON.stringify(expand(world, object, pathsOf(paths)), null, 2));
      } catch (error) {
        if (error instanceof StripeError && error.keepsChanges) return keep(error.status, errorText(error, call.requestId));
        throw error;
      }
    },
    { id: call.requestId, idempotency_key: call.key ?? null },
  );
  catchUp(world);
  return result;
}

function repeatedAnswer(call: Call, request: FastifyRequest, body: string): { status: number; body: string; request: string } | undefined {
  const { world } = call;
  const kept = world.store.get('idempotency', call.key ?? '');
  if (kept === undefined || kept.created + KEYS_KEPT_FOR <= world.now()) return undefined;
  if (kept.fingerprint === fingerprintOf(request, body)) return kept;
  const path = pathOf(request);
  const message =
    kept.path === path
      ? `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${kept.id}' if you meant to execute a different request.`
      : `Keys for idempotent requests can only be used for the same endpoint they were first used for ('${kept.path}' vs '${path}'). Try using a key other than '${kept.id}' if you meant to execute a different request.`;
  throw new StripeError(400, { message, type: 'idempotency_error' });
}

const keyInUse = (key: string): StripeError =>
  new StripeError(409, {
    code: 'idempotency_key_in_use',
    doc_url: 'https://stripe.com/docs/error-codes/idempotency-key-in-use',
    message: `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`,
    type: 'idempotency_error',
  });

function keyOf(request: FastifyRequest): string | undefined {
  const header = request.headers.authorization ?? '';
  const basic = /^Basic (.+)$/i.exec(header)?.[1];
  return basic === undefined ? /^Bearer (.+)$/i.exec(header)?.[1] : Buffer.from(basic, 'base64').toString().split(':')[0];
}

/** The account that the request's key opens. */
function authenticate(request: FastifyRequest, accounts: Accounts): World {
  const key = keyOf(request);
  if (key === undefined || key === '')
    throw new StripeError(401, {
      message:
        "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/.",
      type: 'invalid_request_error',
    });
  const world = accounts.worldOf(key);
  if (world === undefined)
    throw new StripeError(401, {
      message: `Invalid API Key provided: ${key.slice(0, 8)}${'*'.repeat(8)}${key.slice(-4)}`,
      type: 'invalid_request_error',
    });
  // A restricted key is made without this permission unless somebody adds it.
  if (key.startsWith('rk_') && pathOf(request) === '/v1/account')
    throw new StripeError(403, {
      message: `The provided key '${key.slice(0, 8)}${'*'.repeat(8)}${key.slice(-4)}' does not have the required permissions for this endpoint.`,
      type: 'invalid_request_error',
    });
  return world;
}

/** Only one version's shapes are known here; a request may name it or none. */
function checkVersion(request: FastifyRequest): void {
  const version = headerOf(request, 'stripe-version');
  if (version !== undefined && version !== API_VERSION)
    throw invalidRequest(`Invalid Stripe API version: ${version}. This simulator speaks ${API_VERSION}.`);
}

function formTextOf(request: FastifyRequest): string {
  const query = request.url.includes('?') ? request.url.slice(request.url.indexOf('?') + 1) : '';
  const body = typeof request.body === 'string' ? request.body : '';
  return query !== '' && body !== '' ? `${query}&${body}` : query + body;
}

const headerOf = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};
const pathOf = (request: FastifyRequest): string => request.url.split('?')[0] ?? request.url;
const idOf = (request: FastifyRequest): string => (request.params as { id?: string }).id ?? '';
const fingerprintOf = (request: FastifyRequest, body: string): string =>
  createHash('sha256')
    .update(`${request.method} ${pathOf(request)}\n${body}`)
    .digest('hex');

function pathsOf(value: unknown): string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  throw invalidRequest('Invalid array', { param: 'expand' });
}
