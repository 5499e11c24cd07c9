import createClient from 'openapi-fetch';
import { API_URL } from '../api/api-url.ts';
import { bodyOf } from '../api/body-of.ts';
import { Refusal } from '../api/refusal.ts';
import type { components, paths } from '../api/schema.d.ts';
import { saveFile } from '../ui/save-file.ts';
import { session } from './session.ts';

export { bodyOf };

type Schemas = components['schemas'];
export type Account = Schemas['AccountResponse'];
export type AccountDetails = Schemas['AccountDetailsResponse'];
export type Attention = Schemas['AttentionResponse'];
export type AuditEntry = Schemas['AuditEntryResponse'];
export type Entitlement = Schemas['EntitlementResponse'];
export type MessageRecord = Schemas['MessageRecordResponse'];
export type OverdueCustomer = Schemas['OverdueCustomerResponse'];
export type Queue = Schemas['QueueResponse'];
export type Refund = Schemas['RefundResponse'];
export type RoomRecord = Schemas['RoomRecordResponse'];
export type Stats = Schemas['StatsResponse'];
export type StripeStatus = Schemas['StripeStatusResponse'];
export type UserCost = Schemas['UserCostResponse'];
export type WebhookEvent = Schemas['WebhookEventResponse'];

/** The API as the administrator who is signed in. */
export const api = createClient<paths>({ baseUrl: API_URL, fetch: (request) => session.fetch(request) });

/** Saves what a route answers as a file. @throws Refusal */
export async function download(path: string, name: string): Promise<void> {
  const response = await session.fetch(`${API_URL}${path}`);
  if (!response.ok) throw await Refusal.of(response);
  saveFile(await response.blob(), name);
}
