import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { catchUp } from '../engine/lifecycle.js';
import { priceSession } from '../engine/checkout-amounts.js';
import { identify, paySession, type BilledTo, type Payer } from '../engine/checkout.js';
import { findCode, redeemableCode } from '../engine/discounts.js';
import { formatAmount } from '../currencies.js';
import { cadence } from '../objects/invoice.js';
import { StripeError } from '../stripe-error.js';
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
    const problem = applyCode(world, session, typed['promotion_code']);
    if (problem !== undefined) return show(world, session.id, reply.code(422), typed, { promotion_code: problem });
    if (typed['apply'] !== undefined) {
      const who = { email: typed['email'] ?? '', name: typed['name'] ?? '', billedTo: billedTo(typed) };
      world.transaction(() => identify(world, world.require('checkout_sessions', session.id), who));
      return show(world, session.id, reply, typed, {});
    }
    const payer = payerOf(session, typed);
    if ('problems' in payer) return show(world, session.id, reply.code(422), typed, payer.problems);
    const result = world.transaction(() => paySession(world, world.require('checkout_sessions', session.id), payer));
    if (result.outcome === 'authenticate') return reply.redirect(`/authenticate/${result.secret}`, 303);
    if (result.outcome === 'declined') return show(world, session.id, reply.code(402), typed, {});
    return reply.redirect(`/c/pay/${session.id}`, 303);
  });
}

/** Redeems what was typed. @returns what is wrong with it, in words for the person */
function applyCode(world: World, session: CheckoutSession, typed: string | undefined): string | undefined {
  if (session.allow_promotion_codes !== true || typed === undefined || typed.trim() === '') return undefined;
  const code = findCode(world, typed);
  if (code === undefined) return 'This code is invalid.';
  try {
    const { coupon } = redeemableCode(world, code, session.customer, 'promotion_code');
    world.transaction(() => {
      const details = world.require('checkout_details', session.id);
      const redeemed = { coupon: coupon.id, promotion_code: code.id };
      priceSession(world, session, world.change('checkout_details', details, { redeemed }));
    });
    return undefined;
  } catch (error) {
    if (error instanceof StripeError) return error.message;
    throw error;
  }
}

const billedTo = (typed: Typed): BilledTo => ({
  country: (typed['country'] ?? '').trim().toUpperCase() || 'US',
  postalCode: (typed['postal_code'] ?? '').trim(),
  vatId: (typed['vat_id'] ?? '').trim(),
});

const asksForTerms = (session: CheckoutSession): boolean => session.consent_collection?.terms_of_service === 'required';

function payerOf(session: CheckoutSession, typed: Typed): Payer | { problems: Record<string, string> } {
  const email = emailField.safeParse({ email: session.customer_email ?? typed['email'] ?? '' });
  const problems: Record<string, string> = email.success ? {} : problemsOf(email.error);
  if (asksForTerms(session) && typed['terms'] === undefined) problems['terms'] = 'Accept the terms to continue.';
  const valid = email.success && Object.keys(problems).length === 0;
  if (typed['method'] === 'bank' || typed['method'] === 'bank_fails') {
    const bank = bankFields.safeParse({ name: typed['name'] ?? '' });
    if (!bank.success || !valid) return { problems: { ...(bank.success ? {} : problemsOf(bank.error)), ...problems } };
    return { kind: 'bank', succeeds: typed['method'] === 'bank', name: bank.data.name, email: email.data.email, billedTo: billedTo(typed) };
  }
  const card = cardFields.safeParse({
    number: typed['number'] ?? '',
    expiry: typed['expiry'] ?? '',
    cvc: typed['cvc'] ?? '',
    name: typed['name'] ?? '',
  });
  if (!card.success || !valid) return { problems: { ...(card.success ? {} : problemsOf(card.error)), ...problems } };
  const { number, expiry, name } = card.data;
  return { kind: 'card', number, ...expiry, name, email: email.data.email, billedTo: billedTo(typed) };
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
        ${amountLine('Discount', -(session.total_details?.amount_discount ?? 0), session)}
        ${amountLine('Tax', session.total_details?.amount_tax ?? 0, session)}
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
        ${cardFieldset(typed, problems)} ${billingFields(session, typed, problems)}
        <button class="button" type="submit">
          ${trial === null ? `${session.mode === 'subscription' ? 'Subscribe' : 'Pay'} · ${due}` : 'Start trial'}
        </button>
        ${
          session.allow_promotion_codes === true || session.automatic_tax.enabled
            ? html`<button class="button secondary" type="submit" name="apply" value="yes">Show the amount</button>`
            : null
        }
      </form>
      ${testCards()}
    </section>
  </main>`;
}

const amountLine = (label: string, amount: number, { currency }: CheckoutSession): Html | null =>
  amount === 0 ? null : html`<li><span>${label}</span><span>${formatAmount(amount, currency ?? 'usd')}</span></li>`;

/** The fields that the shop has asked for: code, country and tax id, terms. */
function billingFields(session: CheckoutSession, typed: Typed, problems: Record<string, string>): Html | null {
  const codes = session.allow_promotion_codes === true;
  const place = session.automatic_tax.enabled || session.billing_address_collection === 'required';
  const vat = session.tax_id_collection?.enabled === true;
  const text = (label: string, name: string, autocomplete: string): Html =>
    field({ label, name, autocomplete, value: typed[name], problem: problems[name] });
  return html`${codes ? text('Promotion code', 'promotion_code', 'off') : null}
  ${place ? html`${text('Country (two letters)', 'country', 'country')} ${text('Postal code', 'postal_code', 'postal-code')}` : null}
  ${vat ? text('VAT number, for a business', 'vat_id', 'off') : null}
  ${
    asksForTerms(session)
      ? html`<label class="choice"
            ><input type="checkbox" name="terms" value="accepted" ${typed['terms'] === undefined ? null : html`checked`} />
            <span>I agree to the terms of service.</span></label
          >${problems['terms'] === undefined ? null : html`<p class="problem">${problems['terms']}</p>`}`
      : null
  }`;
}

function choice(value: string, label: string, chosen: string): Html {
  return html`<label class="choice"
    ><input type="radio" name="method" value="${value}" ${value === chosen ? html`checked` : null} /> <span>${label}</span></label
  >`;
}

const backLink = (session: CheckoutSession): Html | null =>
  session.cancel_url === null ? null : html`<p><a class="button" href="${session.cancel_url}">Back to the shop</a></p>`;
