/** Controls of how calls are treated: keys, rates, failures. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { OWN_ACCOUNT, type Accounts } from './accounts.js';
import type { Calls } from './calls.js';
import { FAULT_KINDS, type Faults } from './faults.js';
import { readBody } from './parameters.js';

export const CALL_CONTROLS = {
  'GET /_simulator/keys': 'keys of which something is said',
  'POST /_simulator/keys':
    '{key, account?, livemode?, revoked?}: from now on this key opens that account (another one is empty at first) in that mode, or none',
  'DELETE /_simulator/keys/:key': 'nothing more is said of this key',
  'GET /_simulator/calls': 'the newest calls of the API, with their parameters',
  'DELETE /_simulator/calls': 'forgets them',
  'GET /_simulator/rate': 'the limits, and the calls since they were set',
  'POST /_simulator/rate':
    '{per_second: number | null, endpoint_per_second?: number | null}: more calls in a second are answered with 429; null for no limit',
  'GET /_simulator/faults': 'failures of the API that are still to come',
  'POST /_simulator/faults': `{kind: ${FAULT_KINDS.join(' | ')}, method?, path?, times?: number | "always", latency_ms?, error?: {status, type?, code?, message?, param?}}: an outage is {kind: "error" | "drop", times: "always"}`,
  'DELETE /_simulator/faults': 'no more failures',
} as const;

const keyBody = z.strictObject({
  key: z.string().min(1),
  account: z
    .string()
    .regex(/^acct_\w+$/)
    .optional(),
  livemode: z.boolean().optional(),
  revoked: z.boolean().optional(),
});
const rate = z.int().positive().nullable();
const rateBody = z.strictObject({ per_second: rate, endpoint_per_second: rate.optional() });
const faultBody = z.strictObject({
  kind: z.enum(FAULT_KINDS),
  method: z.enum(['GET', 'POST', 'DELETE']).optional(),
  path: z.string().optional(),
  times: z.union([z.int().positive(), z.literal('always')]).optional(),
  latency_ms: z.int().min(0).max(60_000).optional(),
  error: z
    .strictObject({
      status: z.int().min(400).max(599),
      type: z.enum(['invalid_request_error', 'card_error', 'idempotency_error', 'api_error']).optional(),
      code: z.string().optional(),
      message: z.string().optional(),
      param: z.string().optional(),
    })
    .optional(),
});

export function serveCallControls(app: FastifyInstance, accounts: Accounts, calls: Calls, faults: Faults): void {
  app.get('/_simulator/keys', () => ({ data: accounts.assigned() }));
  app.post('/_simulator/keys', (request) => {
    const { key, account = OWN_ACCOUNT, livemode = false, revoked = false } = readBody(keyBody, request.body);
    accounts.assign({ key, account, livemode, revoked });
    return { data: accounts.assigned() };
  });
  app.delete<{ Params: { key: string } }>('/_simulator/keys/:key', (request) => {
    accounts.release(request.params.key);
    return { data: accounts.assigned() };
  });

  app.get('/_simulator/calls', () => ({ data: calls.last() }));
  app.delete('/_simulator/calls', () => {
    calls.forget();
    return { data: [] };
  });
  app.get('/_simulator/rate', () => calls.rate());
  app.post('/_simulator/rate', (request) => {
    const { per_second: all, endpoint_per_second: one = null } = readBody(rateBody, request.body);
    calls.limit({ per_second: all, endpoint_per_second: one });
    return calls.rate();
  });

  app.get('/_simulator/faults', () => ({ data: faults.all() }));
  app.post('/_simulator/faults', (request) => {
    const { times = 1, latency_ms: latency = 0, ...order } = readBody(faultBody, request.body);
    faults.add({ ...order, times, latency_ms: latency });
    return { data: faults.all() };
  });
  app.delete('/_simulator/faults', () => {
    faults.clear();
    return { data: [] };
  });
}
