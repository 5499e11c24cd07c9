import type { Endpoint } from '../delivery.js';
import { API_VERSION, type WebhookEndpoint } from '../wire.js';

/** @param livemode of the account; the secret is shown only in the answer to the call that made the endpoint */
export function webhookEndpointOf(endpoint: Endpoint, livemode: boolean): WebhookEndpoint {
  return {
    id: endpoint.id,
    object: 'webhook_endpoint',
    api_version: endpoint.api_version ?? API_VERSION,
    application: null,
    created: endpoint.created ?? 0,
    description: endpoint.description ?? null,
    enabled_events: endpoint.events,
    livemode,
    metadata: endpoint.metadata ?? {},
    status: endpoint.disabled === true ? 'disabled' : 'enabled',
    url: endpoint.url,
  };
}
