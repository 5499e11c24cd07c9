/** What a cardholder's bank does about a charge, from an inquiry to the end of a dispute. */
import { newDispute } from '../objects/payment.js';
import { invalidRequest } from '../stripe-error.js';
import type { Charge, Dispute } from '../wire.js';
import type { World } from '../world.js';

export const DISPUTE_STATUSES = [
  ...(['needs_response', 'under_review', 'won', 'lost', 'prevented'] as const),
  ...(['warning_needs_response', 'warning_under_review', 'warning_closed'] as const),
];
export type DisputeStatus = (typeof DISPUTE_STATUSES)[number];

/** An inquiry takes no money yet: https://docs.stripe.com/disputes/how-disputes-work */
const isInquiry = (status: string): boolean => status.startsWith('warning_');
const isClosed = (status: string): boolean => ['won', 'lost', 'prevented', 'warning_closed'].includes(status);

/** @param charge however old it is */
export function openDispute(world: World, charge: Charge, reason: string, status: DisputeStatus = 'needs_response'): Dispute {
  if (charge.disputed) throw invalidRequest(`Charge ${charge.id} is already disputed.`, { param: 'charge' });
  if (charge.status !== 'succeeded') throw invalidRequest(`Charge ${charge.id} was not paid.`, { param: 'charge' });
  world.change('charges', charge, { disputed: true }, 'charge.updated');
  const opened = isClosed(status) ? (isInquiry(status) ? 'warning_needs_response' : 'needs_response') : status;
  const dispute = world.add(
    'disputes',
    { ...newDispute(world.now(), charge, reason), status: opened, is_charge_refundable: isInquiry(opened) },
    'charge.dispute.created',
  );
  if (!isInquiry(opened)) world.emit('charge.dispute.funds_withdrawn', dispute);
  return opened === status ? dispute : moveDispute(world, dispute, status);
}

/** What the bank says next. `won` gives the money back to the account; nothing follows a status that is final. */
export function moveDispute(world: World, dispute: Dispute, status: DisputeStatus): Dispute {
  if (isClosed(dispute.status)) throw invalidRequest('This dispute is already closed.');
  const inquiry = isInquiry(dispute.status);
  const closes = isClosed(status);
  const patch = { status, is_charge_refundable: isInquiry(status) && !closes };
  const moved = world.change('disputes', dispute, patch, closes ? undefined : 'charge.dispute.updated');
  if (inquiry && !isInquiry(status)) world.emit('charge.dispute.funds_withdrawn', moved);
  if (status === 'won') world.emit('charge.dispute.funds_reinstated', moved);
  if (closes) world.emit('charge.dispute.closed', moved);
  return moved;
}
