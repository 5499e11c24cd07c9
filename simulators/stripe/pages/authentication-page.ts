import type { FastifyInstance, FastifyReply } from 'fastify';
import { answerAuthentication, sessionOf } from '../engine/checkout.js';
import { catchUp } from '../engine/lifecycle.js';
import { formatAmount } from '../currencies.js';
import type { PaymentIntent } from '../wire.js';
import type { World } from '../world.js';
import { html, notice } from './html.js';

/** The page of the cardholder's bank, which asks whether it is really them. */
export function serveAuthenticationPage(app: FastifyInstance, world: World): void {
  const find = (secret: string): PaymentIntent | undefined => {
    catchUp(world);
    return world.store.find('payment_intents', (intent) => intent.client_secret === secret);
  };

  app.get<{ Params: { secret: string } }>('/authenticate/:secret', (request, reply) => {
    const intent = find(request.params.secret);
    if (intent?.status !== 'requires_action') return moveOn(world, intent, reply);
    const text = html`<p>
        Your bank asks: is it you who pays <strong>${formatAmount(intent.amount, intent.currency)}</strong> to Simulated account?
      </p>
      <form method="post" class="actions">
        <button class="button" name="answer" value="complete">Complete authentication</button>
        <button class="button secondary" name="answer" value="fail">Fail authentication</button>
      </form>`;
    return reply.type('text/html; charset=utf-8').send(notice('Confirm your payment', text));
  });
  app.post<{ Params: { secret: string }; Body: Record<string, string | undefined> }>('/authenticate/:secret', (request, reply) => {
    const intent = find(request.params.secret);
    if (intent?.status !== 'requires_action') return moveOn(world, intent, reply);
    world.transaction(() => answerAuthentication(world, intent, request.body['answer'] === 'complete'));
    return moveOn(world, intent, reply);
  });
}

/** Back to where the payment was asked for. */
function moveOn(world: World, intent: PaymentIntent | undefined, reply: FastifyReply): FastifyReply {
  if (intent === undefined)
    return reply
      .code(404)
      .type('text/html; charset=utf-8')
      .send(notice('No such payment', html`<p>This address leads to no payment.</p>`));
  const session = sessionOf(world, intent);
  if (session !== undefined) return reply.redirect(`/c/pay/${session.id}`, 303);
  const payment = world.store.find('invoice_payments', (one) => one.payment.payment_intent === intent.id);
  const token = world.store.find('invoice_tokens', (one) => one.invoice === payment?.invoice);
  if (token !== undefined) return reply.redirect(`/i/${token.id}`, 303);
  return reply.type('text/html; charset=utf-8').send(notice('Done', html`<p>You can close this page.</p>`));
}
