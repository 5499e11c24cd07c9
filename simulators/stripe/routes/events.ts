import { z } from 'zod';
import { matchesType } from '../delivery.js';
import { flag, text } from '../parameters.js';
import { invalidRequest } from '../stripe-error.js';
import { lists, retrieves, type Route } from './route.js';

export const eventRoutes: Route[] = [
  retrieves('/v1/events', 'events'),
  lists(
    '/v1/events',
    'events',
    { type: text.optional(), types: z.array(text).max(20).optional(), delivery_success: flag.optional() },
    (event, { type, types, delivery_success: wanted }) => {
      if (type !== undefined && types !== undefined)
        throw invalidRequest('You cannot specify both `type` and `types`.', { param: 'types' });
      return (
        (type === undefined || matchesType(type, event.type)) &&
        (types === undefined || types.some((one) => matchesType(one, event.type))) &&
        (wanted === undefined || (event.pending_webhooks === 0) === wanted)
      );
    },
  ),
];
