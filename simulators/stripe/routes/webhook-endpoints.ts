import { z } from 'zod';
import { newId, randomText } from '../ids.js';
import { webhookEndpointOf } from '../objects/webhook-endpoint.js';
import { flag, given, mergeMetadata, metadata, paging, text, unsettable, webAddress } from '../parameters.js';
import { API_VERSION } from '../wire.js';
import { listPage } from './listing.js';
import { noParameters, route, type Route } from './route.js';

const createSchema = z.strictObject({
  api_version: z.literal(API_VERSION).optional(),
  description: unsettable(text).optional(),
  enabled_events: z.array(text).min(1),
  metadata: metadata.optional(),
  url: webAddress,
});
const updateSchema = z.strictObject({
  description: unsettable(text).optional(),
  disabled: flag.optional(),
  enabled_events: z.array(text).min(1).optional(),
  metadata: metadata.optional(),
  url: webAddress.optional(),
});

export const webhookEndpointRoutes: Route[] = [
  route('POST', '/v1/webhook_endpoints', createSchema, (world, { enabled_events: events, description, metadata: pairs, url }) => {
    const secret = `whsec_${randomText(32)}`;
    const endpoint = world.add('endpoints', {
      id: newId('we'),
      url,
      secrets: [secret],
      events,
      created: world.now(),
      description: description ?? null,
      metadata: mergeMetadata({}, pairs),
    });
    return { ...webhookEndpointOf(endpoint, world.account.livemode), secret };
  }),
  route('GET', '/v1/webhook_endpoints/:id', noParameters, (world, _parameters, id) =>
    webhookEndpointOf(world.require('endpoints', id), world.account.livemode),
  ),
  route('POST', '/v1/webhook_endpoints/:id', updateSchema, (world, { enabled_events: events, metadata: pairs, ...plain }, id) => {
    const endpoint = world.require('endpoints', id);
    const patch = { ...given({ ...plain, events }), metadata: mergeMetadata(endpoint.metadata ?? {}, pairs) };
    return webhookEndpointOf(world.change('endpoints', endpoint, patch), world.account.livemode);
  }),
  route('DELETE', '/v1/webhook_endpoints/:id', noParameters, (world, _parameters, id) => {
    world.require('endpoints', id);
    world.store.delete('endpoints', id);
    return { id, object: 'webhook_endpoint', deleted: true };
  }),
  route('GET', '/v1/webhook_endpoints', z.strictObject(paging), (world, parameters) => {
    const rows = world.store.all('endpoints').map((one) => webhookEndpointOf(one, world.account.livemode));
    return listPage('/v1/webhook_endpoints', rows, parameters);
  }),
];
