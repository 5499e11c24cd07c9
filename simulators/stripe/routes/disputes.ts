import { z } from 'zod';
import { moveDispute } from '../engine/disputes.js';
import { flag, mergeMetadata, metadata, text } from '../parameters.js';
import { lists, noParameters, retrieves, route, type Route } from './route.js';

export const disputeRoutes: Route[] = [
  retrieves('/v1/disputes', 'disputes'),
  route(
    'POST',
    '/v1/disputes/:id',
    z.strictObject({ metadata: metadata.optional(), evidence: z.record(z.string(), z.string()).optional(), submit: flag.optional() }),
    (world, { metadata: pairs, evidence, submit }, id) => {
      const dispute = world.require('disputes', id);
      const submitted = evidence !== undefined && submit === true;
      return world.change(
        'disputes',
        dispute,
        {
          metadata: mergeMetadata(dispute.metadata, pairs),
          ...(evidence === undefined ? {} : { evidence: { ...dispute.evidence, ...evidence } }),
          ...(submitted
            ? { status: 'under_review', evidence_details: { ...dispute.evidence_details, has_evidence: true, submission_count: 1 } }
            : {}),
        },
        'charge.dispute.updated',
      );
    },
  ),
  route('POST', '/v1/disputes/:id/close', noParameters, (world, _parameters, id) =>
    moveDispute(world, world.require('disputes', id), 'lost'),
  ),
  lists(
    '/v1/disputes',
    'disputes',
    { charge: text.optional(), payment_intent: text.optional() },
    (dispute, { charge, payment_intent: intent }) =>
      (charge === undefined || dispute.charge === charge) && (intent === undefined || dispute.payment_intent === intent),
  ),
];
