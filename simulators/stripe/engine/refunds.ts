/** Money that goes back: at once, or days later when a bank has said so. */
import { newRefund } from '../objects/payment.js';
import { invalidRequest } from '../stripe-error.js';
import type { Charge, Refund } from '../wire.js';
import type { World } from '../world.js';

export const REFUND_STATUSES = ['succeeded', 'failed', 'requires_action', 'canceled'] as const;
export type RefundOutcome = (typeof REFUND_STATUSES)[number];

/** @throws StripeError for more than is left of the charge */
export function refundCharge(
  world: World,
  charge: Charge,
  given: { amount?: number | undefined; reason: Refund['reason']; metadata: Record<string, string> },
): Refund {
  if (charge.refunded) throw invalidRequest(`Charge ${charge.id} has already been refunded.`, { code: 'charge_already_refunded' });
  const dispute = world.store.find('disputes', (one) => one.charge === charge.id);
  if (charge.disputed && dispute?.is_charge_refundable !== true)
    throw invalidRequest(`Charge ${charge.id} has been charged back; cannot issue a refund.`, { code: 'charge_disputed' });
  if (charge.status !== 'succeeded') throw invalidRequest(`Charge ${charge.id} is not paid; it cannot be refunded.`, { param: 'charge' });
  const left = charge.amount_captured - charge.amount_refunded;
  const amount = given.amount ?? left;
  if (amount < 1) throw invalidRequest('Invalid positive integer', { code: 'parameter_invalid_integer', param: 'amount' });
  if (amount > left)
    throw invalidRequest(`Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`, {
      code: 'amount_too_large',
      param: 'amount',
    });
  const behaviour = world.store.get('cards', charge.payment_method ?? '')?.behaviour;
  const waits = behaviour === 'refunds_later' || charge.payment_method_details?.type === 'sepa_debit';
  const made = { ...newRefund(world.now(), charge, { ...given, amount }), status: waits ? 'pending' : 'succeeded' };
  const refund = world.add('refunds', made, 'refund.created');
  if (waits || behaviour === 'refund_fails') {
    const outcome = waits ? 'succeeded' : 'failed';
    world.add('refund_outcomes', { id: refund.id, at: world.now() + world.rules.settleSeconds, outcome });
  }
  addToRefunded(world, charge, amount);
  return refund;
}

/** The bank's word on a refund: one that fails is on the account again, and can be tried again. */
export function settleRefund(world: World, refund: Refund, outcome: RefundOutcome): Refund {
  if (refund.status === 'failed' || refund.status === 'canceled') throw invalidRequest(`This refund has already ${refund.status}.`);
  world.store.delete('refund_outcomes', refund.id);
  const fails = outcome === 'failed' || outcome === 'canceled';
  const patch: Partial<Refund> = {
    status: outcome,
    ...(outcome === 'failed'
      ? { failure_reason: 'lost_or_stolen_card', failure_balance_transaction: refund.balance_transaction ?? '' }
      : {}),
    ...(outcome === 'requires_action' ? { next_action: { type: 'display_details' } } : {}),
  };
  const settled = world.change('refunds', refund, patch);
  if (settled === refund) return refund;
  const before = { status: refund.status };
  world.emit('refund.updated', settled, before);
  world.emit('charge.refund.updated', settled, before);
  if (outcome === 'failed') world.emit('refund.failed', settled);
  if (fails) addToRefunded(world, world.require('charges', refund.charge ?? ''), -refund.amount);
  return settled;
}

function addToRefunded(world: World, charge: Charge, amount: number): void {
  const total = charge.amount_refunded + amount;
  const next = world.change('charges', charge, { amount_refunded: total, refunded: total === charge.amount_captured });
  const before = { amount_refunded: charge.amount_refunded, refunded: charge.refunded };
  world.emit(amount > 0 ? 'charge.refunded' : 'charge.updated', next, before);
}
