import type { FastifyInstance, FastifyReply } from 'fastify';
import { applyPayment, intentOf } from '../engine/invoicing.js';
import { catchUp } from '../engine/lifecycle.js';
import { addCard, confirmIntent, type PaymentResult } from '../engine/payments.js';
import { formatAmount } from '../currencies.js';
import type { Invoice, PaymentIntent } from '../wire.js';
import type { World } from '../world.js';
import { cardFields, cardFieldset, problemsOf, testCards } from './card-form.js';
import { day, document, html, notice, type Html } from './html.js';

type Typed = Record<string, string | undefined>;

/** The page of one invoice, on which an open one can be paid. */
export function serveInvoicePage(app: FastifyInstance, world: World): void {
  const find = (token: string): Invoice | undefined => {
    catchUp(world);
    return world.store.get('invoices', world.store.get('invoice_tokens', token)?.invoice ?? '');
  };
  const show = (reply: FastifyReply, token: string, typed: Typed, problems: Record<string, string>, problem?: string): FastifyReply => {
    const invoice = find(token);
    void reply.type('text/html; charset=utf-8');
    if (invoice === undefined) return reply.code(404).send(notice('No such invoice', html`<p>This address leads to no invoice.</p>`));
    const body = page(invoice, intentOf(world, invoice), typed, problems, problem);
    return reply.send(document({ title: `Invoice ${invoice.number ?? ''}`, body }));
  };

  app.get<{ Params: { token: string } }>('/i/:token', (request, reply) => show(reply, request.params.token, {}, {}));
  app.post<{ Params: { token: string }; Body: Typed }>('/i/:token', (request, reply) => {
    const { token } = request.params;
    const typed = request.body;
    const invoice = find(token);
    if (invoice?.status !== 'open' || intentOf(world, invoice)?.status === 'processing') return show(reply, token, {}, {});
    const card = cardFields.safeParse({
      number: typed['number'] ?? '',
      expiry: typed['expiry'] ?? '',
      cvc: typed['cvc'] ?? '',
      name: typed['name'] ?? '',
    });
    if (!card.success) return show(reply.code(422), token, typed, problemsOf(card.error));
    const { number, expiry, name } = card.data;
    const result = world.transaction(() => pay(world, invoice, { number, ...expiry, name, email: invoice.customer_email }));
    if (result?.outcome === 'declined') return show(reply.code(402), token, typed, {}, result.decline.message);
    if (result?.outcome === 'requires_action') return reply.redirect(`/authenticate/${result.intent.client_secret ?? ''}`, 303);
    return reply.redirect(`/i/${token}`, 303);
  });
}

function pay(world: World, invoice: Invoice, card: Parameters<typeof addCard>[1]): PaymentResult | undefined {
  const intent = intentOf(world, invoice);
  if (intent === undefined) return undefined;
  const result = confirmIntent(world, intent, addCard(world, card));
  applyPayment(world, result);
  return result;
}

function page(
  invoice: Invoice,
  intent: PaymentIntent | undefined,
  typed: Typed,
  problems: Record<string, string>,
  problem: string | undefined,
): Html {
  return html`<main class="portal">
    <section class="card">
      <div class="row">
        <h1>Invoice ${invoice.number}</h1>
        <span class="badge ${invoice.status === 'paid' ? 'good' : 'warn'}">${invoice.status}</span>
      </div>
      <p class="price">${formatAmount(invoice.total, invoice.currency)}</p>
      <p class="muted">${invoice.customer_email ?? invoice.customer_name} · ${day(invoice.created)}</p>
      <ul class="lines">
        ${invoice.lines.data.map((line) => html`<li><span>${line.description}</span><span>${formatAmount(line.amount, line.currency)}</span></li>`)}
        ${invoice.amount_paid > 0 ? html`<li><span>Paid</span><span>${formatAmount(invoice.amount_paid, invoice.currency)}</span></li>` : null}
        <li class="total"><span>Amount due</span><span>${formatAmount(invoice.amount_remaining, invoice.currency)}</span></li>
      </ul>
    </section>
    ${invoice.status === 'open' ? payment(invoice, intent, typed, problems, problem) : null}
  </main>`;
}

/** What the customer can do about an open invoice: confirm the charge that their bank asks about, wait, or pay. */
function payment(
  invoice: Invoice,
  intent: PaymentIntent | undefined,
  typed: Typed,
  problems: Record<string, string>,
  problem: string | undefined,
): Html {
  if (intent?.status === 'processing')
    return html`<section class="card"><p>Your payment is on its way. Your bank decides on it within days.</p></section>`;
  const confirm =
    intent?.status === 'requires_action'
      ? html`<section class="card">
          <h2>Confirm your payment</h2>
          <p>Your bank asks you to confirm this payment.</p>
          <p class="actions"><a class="button" href="/authenticate/${intent.client_secret}">Confirm payment</a></p>
        </section>`
      : null;
  return html`${confirm}
    <section class="card">
      <h2>${confirm === null ? 'Pay this invoice' : 'Or pay with another card'}</h2>
      ${problem === undefined ? null : html`<p class="alert" role="alert">${problem}</p>`}
      <form method="post" novalidate>
        ${cardFieldset(typed, problems)}
        <button class="button" type="submit">Pay ${formatAmount(invoice.amount_remaining, invoice.currency)}</button>
      </form>
      ${testCards()}
    </section>`;
}
