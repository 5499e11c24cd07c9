import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { catchUp } from '../engine/lifecycle.js';
import { changeItems } from '../engine/changing.js';
import { addCard, attachMethod } from '../engine/payments.js';
import { cancelAt, cancelNot, hasEnded } from '../engine/subscription-state.js';
import { formatAmount } from '../currencies.js';
import { cadence } from '../objects/invoice.js';
import { periodOf } from '../objects/subscription.js';
import { changedItems } from '../routes/subscriptions.js';
import { StripeError } from '../stripe-error.js';
import type { Customer, Invoice, PaymentMethod, PortalSession, Subscription } from '../wire.js';
import type { World } from '../world.js';
import { cardFields, cardFieldset, problemsOf, testCards, type TypedCard } from './card-form.js';
import { day, document, html, notice, type Html } from './html.js';

interface Visit {
  session: PortalSession;
  customer: Customer;
  base: string;
}
type Handler = (visit: Visit, request: FastifyRequest, reply: FastifyReply) => FastifyReply;
type Typed = Record<string, string | undefined>;

export function servePortalPage(app: FastifyInstance, world: World): void {
  const visit =
    (handler: Handler) =>
    (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
      catchUp(world);
      void reply.type('text/html; charset=utf-8');
      const { token } = request.params as { token: string };
      const session = world.store.get('portal_sessions', world.store.get('portal_tokens', token)?.session ?? '');
      const customer = session === undefined ? undefined : world.store.get('customers', session.customer);
      if (session === undefined || customer === undefined)
        return reply.code(404).send(notice('No such page', html`<p>This address leads to nobody’s subscriptions.</p>`));
      return handler({ session, customer, base: `/p/session/${token}` }, request, reply);
    };
  const own = ({ customer }: Visit, request: FastifyRequest): Subscription | undefined => {
    const found = world.store.get('subscriptions', (request.params as { subscription: string }).subscription);
    return found?.customer === customer.id && !hasEnded(found) ? found : undefined;
  };
  const change =
    (patch: (subscription: Subscription) => Partial<Subscription>): Handler =>
    (here, request, reply) => {
      const subscription = own(here, request);
      if (subscription !== undefined)
        world.transaction(() => world.change('subscriptions', subscription, patch(subscription), 'customer.subscription.updated'));
      return reply.redirect(after(here), 303);
    };

  app.get(
    '/p/session/:token',
    visit((here, _request, reply) => {
      const path = flowPath(here.session);
      return path === undefined
        ? reply.send(document({ title: 'Your subscription', body: overview(world, here) }))
        : reply.redirect(here.base + path, 303);
    }),
  );
  app.get(
    '/p/session/:token/home',
    visit((here, _request, reply) => reply.send(document({ title: 'Your subscription', body: overview(world, here) }))),
  );
  app.get(
    '/p/session/:token/subscriptions/:subscription/update',
    visit((here, request, reply) => {
      const subscription = own(here, request);
      if (subscription === undefined || wantedItems(here.session) === undefined) return reply.redirect(`${here.base}/home`, 303);
      return reply.send(confirmUpdate(world, here, subscription));
    }),
  );
  app.post(
    '/p/session/:token/subscriptions/:subscription/update',
    visit((here, request, reply) => {
      const subscription = own(here, request);
      if (subscription !== undefined) world.transaction(() => applyUpdate(world, here.session, subscription));
      return reply.redirect(after(here), 303);
    }),
  );
  app.get(
    '/p/session/:token/subscriptions/:subscription/cancel',
    visit((here, request, reply) => {
      const subscription = own(here, request);
      if (subscription === undefined) return reply.redirect(`${here.base}/home`, 303);
      const text = html`<p>
          It stays active until <strong>${day(periodOf(subscription).end)}</strong>. Then it ends, and you are not charged again.
        </p>
        <form method="post" class="actions">
          <button class="button danger">Cancel subscription</button>
          <a class="button secondary" href="${here.base}">Keep it</a>
        </form>`;
      return reply.send(notice(`Cancel ${nameOf(world, subscription)}?`, text));
    }),
  );
  // The portal names the moment and leaves `cancel_at_period_end` alone; through the API it is the other way round.
  app.post(
    '/p/session/:token/subscriptions/:subscription/cancel',
    visit(change((subscription) => cancelAt(world, periodOf(subscription).end))),
  );
  app.post('/p/session/:token/subscriptions/:subscription/resume', visit(change(() => cancelNot())));
  app.get(
    '/p/session/:token/card',
    visit((here, _request, reply) => reply.send(document({ title: 'Change card', body: cardForm(here, {}, {}, null) }))),
  );
  app.post(
    '/p/session/:token/card',
    visit((here, request, reply) => {
      const typed = request.body as Typed;
      const card = cardFields.safeParse({
        number: typed['number'] ?? '',
        expiry: typed['expiry'] ?? '',
        cvc: typed['cvc'] ?? '',
        name: typed['name'] ?? '',
      });
      const failed = (problems: Record<string, string>, problem: string | null): FastifyReply =>
        reply.code(422).send(document({ title: 'Change card', body: cardForm(here, typed, problems, problem) }));
      if (!card.success) return failed(problemsOf(card.error), null);
      try {
        world.transaction(() => {
          replaceCard(world, here.customer, card.data);
        });
      } catch (error) {
        if (error instanceof StripeError) return failed({}, error.message);
        throw error;
      }
      return reply.redirect(after(here), 303);
    }),
  );
}

/** Where a session with a flow begins. */
function flowPath({ flow }: PortalSession): string | undefined {
  if (flow?.type === 'payment_method_update') return '/card';
  if (flow?.subscription_cancel != null) return `/subscriptions/${flow.subscription_cancel.subscription}/cancel`;
  if (flow?.subscription_update_confirm != null) return `/subscriptions/${flow.subscription_update_confirm.subscription}/update`;
  return undefined;
}

/** Where a flow leads when it is done. */
const after = ({ session, base }: Visit): string =>
  session.flow?.after_completion.redirect?.return_url ?? (session.flow === null ? base : `${base}/home`);

const wantedItems = ({ flow }: PortalSession): WantedItem[] | undefined => flow?.subscription_update_confirm?.items;

type WantedItem = NonNullable<NonNullable<PortalSession['flow']>['subscription_update_confirm']>['items'][number];

function applyUpdate(world: World, session: PortalSession, subscription: Subscription): Subscription {
  const { features } = world.require('portal_configurations', session.configuration);
  const changes = (wantedItems(session) ?? []).map(({ id, price, quantity }) => ({
    ...(id === null ? {} : { id }),
    ...(price === null ? {} : { price }),
    ...(quantity === undefined ? {} : { quantity }),
  }));
  const behavior = features.subscription_update.proration_behavior;
  return changeItems(world, subscription, changedItems(world, subscription, changes), behavior);
}

function confirmUpdate(world: World, here: Visit, subscription: Subscription): string {
  const { due, items } = world.preview(() => {
    const changed = applyUpdate(world, here.session, subscription);
    const invoice = world.store.get('invoices', changed.latest_invoice ?? '');
    const billed = changed.latest_invoice === subscription.latest_invoice ? 0 : (invoice?.amount_due ?? 0);
    return { due: formatAmount(billed, subscription.currency), items: changed.items.data };
  });
  const text = html`<ul class="lines">
      ${items.map(({ price }) => html`<li><span>${world.store.get('products', price.product)?.name}</span><span>${cadence(price)}</span></li>`)}
      <li class="total"><span>Due today</span><span>${due}</span></li>
    </ul>
    <form method="post" class="actions">
      <button class="button">Confirm</button>
      <a class="button secondary" href="${here.session.return_url ?? `${here.base}/home`}">Keep the current plan</a>
    </form>`;
  return notice('Confirm your updates', text);
}

/** The new card pays for everything from now on. */
function replaceCard(world: World, customer: Customer, { number, expiry, name }: TypedCard): void {
  const method = attachMethod(world, addCard(world, { number, ...expiry, name, email: customer.email }), customer.id);
  const settings = { ...customer.invoice_settings, default_payment_method: method.id };
  world.change('customers', customer, { invoice_settings: settings }, 'customer.updated');
  for (const subscription of world.store.all('subscriptions'))
    if (subscription.customer === customer.id && !hasEnded(subscription))
      world.change('subscriptions', subscription, { default_payment_method: method.id }, 'customer.subscription.updated');
}

function overview(world: World, { session, customer, base }: Visit): Html {
  const subscriptions = world.store
    .all('subscriptions')
    .filter((one) => one.customer === customer.id && one.status !== 'incomplete_expired');
  const invoices = world.store.all('invoices').filter((one) => one.customer === customer.id && one.status !== 'draft');
  const live = subscriptions.filter((one) => !hasEnded(one));
  const methodId = live[0]?.default_payment_method ?? customer.invoice_settings.default_payment_method;
  const method = methodId === null ? undefined : world.store.get('payment_methods', methodId);
  return html`<main class="portal">
    ${session.return_url === null ? null : html`<p><a class="back" href="${session.return_url}">← Return to the shop</a></p>`}
    <h1>Your subscription</h1>
    <p class="muted">${customer.email ?? customer.name ?? customer.id}</p>
    <section class="card" aria-labelledby="plan">
      <h2 id="plan">Current plan</h2>
      ${live.length === 0 ? html`<p>You have no subscription.</p>` : live.map((one) => planOf(world, one, base))}
    </section>
    <section class="card" aria-labelledby="method">
      <h2 id="method">Payment method</h2>
      <div class="row">
        <p>${method === undefined ? 'None saved.' : methodText(method)}</p>
        <a class="button secondary" href="${base}/card">${method === undefined ? 'Add a card' : 'Change card'}</a>
      </div>
    </section>
    <section class="card" aria-labelledby="invoices">
      <h2 id="invoices">Invoices</h2>
      ${invoices.length === 0 ? html`<p>None yet.</p>` : invoiceTable(invoices)}
    </section>
  </main>`;
}

function planOf(world: World, subscription: Subscription, base: string): Html {
  const price = subscription.items.data[0]?.price;
  const { end } = periodOf(subscription);
  const leaves = subscription.cancel_at;
  const until = leaves === null ? html`Renews on <strong>${day(end)}</strong>.` : html`Ends on <strong>${day(leaves)}</strong>.`;
  const path = `${base}/subscriptions/${subscription.id}`;
  return html`<div class="row">
    <div>
      <p class="plan">
        ${nameOf(world, subscription)}
        <span class="badge ${badgeOf(subscription)}">${leaves === null ? statusText(subscription) : 'Cancels'}</span>
      </p>
      <p>${price === undefined ? '' : cadence(price)}</p>
      <p class="muted">${until}</p>
    </div>
    ${
      leaves === null
        ? html`<a class="button secondary" href="${path}/cancel">Cancel subscription</a>`
        : html`<form method="post" action="${path}/resume"><button class="button">Don’t cancel</button></form>`
    }
  </div>`;
}

function cardForm(here: Visit, typed: Typed, problems: Record<string, string>, problem: string | null): Html {
  return html`<main class="portal">
    <p><a class="back" href="${here.base}">← Back</a></p>
    <section class="card">
      <h1>Change card</h1>
      ${problem === null ? null : html`<p class="alert" role="alert">${problem}</p>`}
      <form method="post" novalidate>
        ${cardFieldset(typed, problems)}
        <button class="button" type="submit">Save card</button>
      </form>
      ${testCards()}
    </section>
  </main>`;
}

function invoiceTable(invoices: readonly Invoice[]): Html {
  return html`<table>
    <thead>
      <tr>
        <th scope="col">Date</th>
        <th scope="col">Number</th>
        <th scope="col">Amount</th>
        <th scope="col">Status</th>
      </tr>
    </thead>
    <tbody>
      ${[...invoices].reverse().map(
        (invoice) =>
          html`<tr>
            <td>${day(invoice.created, 'short')}</td>
            <td><a href="${new URL(invoice.hosted_invoice_url ?? '/', 'http://simulator').pathname}">${invoice.number}</a></td>
            <td>${formatAmount(invoice.total, invoice.currency)}</td>
            <td>${invoice.status}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

const nameOf = (world: World, subscription: Subscription): string =>
  world.store.get('products', subscription.items.data[0]?.price.product ?? '')?.name ?? 'Subscription';
const statusText = ({ status }: Subscription): string => (status.charAt(0).toUpperCase() + status.slice(1)).replaceAll('_', ' ');
const badgeOf = ({ status, cancel_at: at }: Subscription): string =>
  at === null && (status === 'active' || status === 'trialing') ? 'good' : 'warn';
const methodText = (method: PaymentMethod): string =>
  method.card === undefined
    ? `Bank account ···· ${method.sepa_debit?.last4 ?? ''}`
    : `${method.card.brand.charAt(0).toUpperCase()}${method.card.brand.slice(1)} ···· ${method.card.last4}, expires ${String(method.card.exp_month).padStart(2, '0')} / ${method.card.exp_year}`;
