import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { catchUp } from '../engine/lifecycle.js';
import { paySession, type Payer } from '../engine/checkout.js';
import { cadence, formatAmount } from '../objects/invoice.js';
import type { CheckoutDetails } from '../store.js';
import type { CheckoutSession } from '../wire.js';
import type { World } from '../world.js';
import { cardFields, cardFieldset, field, problemsOf, testCards } from './card-form.js';
import { day, document, html, notice, type Html } from './html.js';

type Typed = Record<string, string | undefined>;

const emailField = z.object({ email: z.email('Enter your email address.').max(512) });
const bankFields = z.object({ name: z.string().trim().min(1, 'Enter the name of the account.').max(200) });

export function serveCheckoutPage(app: FastifyInstance, world: World): void {
  app.get<{ Params: { id: string } }>('/c/pay/:id', (request, reply) => {
    catchUp(world);
    return show(world, request.params.id, reply, {}, {});
  });
  app.post<{ Params: { id: string }; Body: Typed }>('/c/pay/:id', (request, reply) => {
    catchUp(world);
    const session = world.store.get('checkout_sessions', request.params.id);
    if (session?.status !== 'open') return show(world, request.params.id, reply, {}, {});
    const typed = request.body;
    const payer = payerOf(session, typed);
    if ('problems' in payer) return show(world, session.id, reply.code(422), typed, payer.problems);
    const result = world.transaction(() => paySession(world, session, payer));
    if (result.outcome === 'authenticate') return reply.redirect(`/authenticate/${result.secret}`, 303);
    if (result.outcome === 'declined') return show(world, session.id, reply.code(402), typed, {});
    return reply.redirect(`/c/pay/${session.id}`, 303);
  });
}

function payerOf(session: CheckoutSession, typed: Typed): Payer | { problems: Record<string, string> } {
  const email = emailField.safeParse({ email: session.customer_email ?? typed['email'] ?? '' });
  const problems = email.success ? {} : problemsOf(email.error);
  if (typed['method'] === 'bank' || typed['method'] === 'bank_fails') {
    const bank = bankFields.safeParse({ name: typed['name'] ?? '' });
    if (!bank.success || !email.success) return { problems: { ...(bank.success ? {} : problemsOf(bank.error)), ...problems } };
    return { kind: 'bank', succeeds: typed['method'] === 'bank', name: bank.data.name, email: email.data.email };
  }
  const card = cardFields.safeParse({
    number: typed['number'] ?? '',
    expiry: typed['expiry'] ?? '',
    cvc: typed['cvc'] ?? '',
    name: typed['name'] ?? '',
  });
  if (!card.success || !email.success) return { problems: { ...(card.success ? {} : problemsOf(card.error)), ...problems } };
  const { number, expiry, name } = card.data;
  return { kind: 'card', number, ...expiry, name, email: email.data.email };
}

/** Where the customer goes from a session that is over. */
export function successAddress(session: CheckoutSession): string {
  return (session.success_url ?? '').replaceAll('{CHECKOUT_SESSION_ID}', session.id);
}

function show(world: World, id: string, reply: FastifyReply, typed: Typed, problems: Record<string, string>): FastifyReply {
  const session = world.store.get('checkout_sessions', id);
  const details = world.store.get('checkout_details', id);
  void reply.type('text/html; charset=utf-8');
  if (session === undefined || details === undefined)
    return reply
      .code(404)
      .send(notice('No such checkout', html`<p>This address leads to no checkout. It may have been copied only in part.</p>`));
  if (session.status === 'complete') {
    const address = successAddress(session);
    const title = session.payment_status === 'unpaid' ? 'Order received' : 'Payment successful';
    return reply.send(
      notice(
        title,
        html`<p>Taking you back to the shop …</p>
          <p><a class="button" href="${address}">Continue</a></p>`,
        address,
      ),
    );
  }
  if (session.status === 'expired')
    return reply.code(410).send(
      notice(
        'This checkout has expired',
        html`<p>Start again in the shop.</p>
          ${backLink(session)}`,
      ),
    );
  return reply.send(document({ title: 'Checkout', body: form(world, session, details, typed, problems) }));
}

function form(world: World, session: CheckoutSession, details: CheckoutDetails, typed: Typed, problems: Record<string, string>): Html {
  const known = session.customer === null ? session.customer_email : world.store.get('customers', session.customer)?.email;
  const problem =
    details.problem === null || Object.keys(problems).length > 0 ? null : html`<p class="alert" role="alert">${details.problem}</p>`;
  const due = formatAmount(session.amount_total ?? 0, session.currency ?? 'usd');
  const trial = details.subscription.trial_end;
  const method = typed['method'] ?? 'card';
  return html`<main class="checkout">
    <section class="summary" aria-label="Your order">
      ${session.cancel_url === null ? null : html`<p><a class="back" href="${session.cancel_url}">← Back, without paying</a></p>`}
      <p class="muted">${session.mode === 'subscription' ? 'Subscribe to' : 'Pay for'} ${details.lines[0]?.description ?? 'your order'}</p>
      <p class="price">${due}${trial === null ? null : html` <span class="muted">due today</span>`}</p>
      <ul class="lines">
        ${details.lines.map(
          (line) =>
            html`<li>
              <span>${line.description}${(line.quantity ?? 1) > 1 ? html` × ${line.quantity}` : null}</span>
              <span>${line.price === null ? '' : cadence(line.price)}</span>
            </li>`,
        )}
        <li class="total"><span>Due today</span><span>${due}</span></li>
      </ul>
      ${trial === null ? null : html`<p class="muted">Free until ${day(trial)}, then charged at the price above.</p>`}
    </section>
    <section class="card" aria-label="Payment">
      <h1>Payment details</h1>
      ${problem}
      <form method="post" novalidate>
        ${field({ label: 'Email', name: 'email', type: 'email', autocomplete: 'email', inputmode: 'email', value: typed['email'] ?? known ?? '', problem: problems['email'] })}
        <fieldset class="methods">
          <legend>Pay by</legend>
          ${choice('card', 'Card', method)}
          ${trial === null ? html`${choice('bank', 'Bank debit, which succeeds days later', method)} ${choice('bank_fails', 'Bank debit, which fails days later', method)}` : null}
        </fieldset>
        ${cardFieldset(typed, problems)}
        <button class="button" type="submit">
          ${trial === null ? `${session.mode === 'subscription' ? 'Subscribe' : 'Pay'} · ${due}` : 'Start trial'}
        </button>
      </form>
      ${testCards()}
    </section>
  </main>`;
}

function choice(value: string, label: string, chosen: string): Html {
  return html`<label class="choice"
    ><input type="radio" name="method" value="${value}" ${value === chosen ? html`checked` : null} /> <span>${label}</span></label
  >`;
}

const backLink = (session: CheckoutSession): Html | null =>
  session.cancel_url === null ? null : html`<p><a class="button" href="${session.cancel_url}">Back to the shop</a></p>`;
