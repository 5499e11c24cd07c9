import createClient from 'openapi-fetch';
import { bodyOf } from './body-of.ts';
import type { components, paths } from './schema.d.ts';
import { API_URL, fetchSignedIn } from './session.ts';

export { bodyOf };
type Schemas = components['schemas'];
export type Room = Schemas['ChatroomResponse'];
export type Challenge = Schemas['ChallengeResponse'];
export type Status = Schemas['SubscriptionStatusResponse'];
export type Plan = Schemas['PlanResponse'];
export type Capabilities = Schemas['CapabilitiesResponse'];
export type Model = Schemas['ModelResponse'];
export type SearchHit = Schemas['SearchHitResponse'];

/** The API by its generated types. */
export const api = createClient<paths>({ baseUrl: API_URL, fetch: (request) => fetchSignedIn(request) });
