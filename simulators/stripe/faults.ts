/** Failures of the API that a test can order, for what a client does about them. */
import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { given } from './parameters.js';
import { errorText, rateLimited, StripeError, type ErrorBody } from './stripe-error.js';

export const FAULT_KINDS = ['error', 'rate_limit', 'drop', 'error_after', 'drop_after', 'slow', 'refuse'] as const;

export interface FaultOrder {
  /**
   * error: 500, nothing done · rate_limit: 429 · drop: the connection is cut, nothing done · *_after: done, then 500 or
   * cut · slow: only late · refuse: `error`, nothing done
   */
  kind: (typeof FAULT_KINDS)[number];
  method?: string | undefined;
  /** the beginning of the path */
  path?: string | undefined;
  times: number | 'always';
  latency_ms: number;
  error?: Refusal | undefined;
}

interface Refusal {
  status: number;
  type?: ErrorBody['type'] | undefined;
  code?: string | undefined;
  message?: string | undefined;
  param?: string | undefined;
}

type Met = 'answered' | 'go on';

export class Faults {
  private orders: FaultOrder[] = [];

  add(order: FaultOrder): void {
    this.orders.push({ ...order });
  }

  all(): readonly FaultOrder[] {
    return this.orders;
  }

  clear(): void {
    this.orders = [];
  }

  /** The first order that this call meets; it counts as met. */
  take(method: string, path: string): { before: (reply: FastifyReply) => Promise<Met>; after: (reply: FastifyReply) => Met } | undefined {
    const order = this.orders.find((one) => (one.method ?? method) === method && path.startsWith(one.path ?? '/'));
    if (order === undefined) return undefined;
    if (order.times !== 'always') order.times -= 1;
    if (order.times === 0) this.orders = this.orders.filter((one) => one !== order);
    const { kind, latency_ms: latency, error } = order;
    return {
      before: async (reply) => {
        // A waiting fault must not keep the process alive.
        if (latency > 0) await wait(latency, undefined, { ref: false });
        if (kind === 'error') return fail(reply, new StripeError(500, FAILURE));
        if (kind === 'rate_limit') return fail(reply, rateLimited());
        if (kind === 'refuse') return fail(reply, refusal(error ?? { status: 400 }));
        return kind === 'drop' ? cut(reply) : 'go on';
      },
      after: (reply) => {
        if (kind === 'error_after') return fail(reply, new StripeError(500, FAILURE));
        return kind === 'drop_after' ? cut(reply) : 'go on';
      },
    };
  }
}

const FAILURE: ErrorBody = { type: 'api_error', message: 'A failure that was ordered from the simulator.' };

function refusal({ status, type = 'invalid_request_error', message = 'A refusal that was ordered.', ...rest }: Refusal): StripeError {
  return new StripeError(status, { type, message, ...given(rest) });
}

function fail(reply: FastifyReply, error: StripeError): Met {
  void reply
    .code(error.status)
    .type('application/json')
    .send(errorText(error, String(reply.getHeader('request-id'))));
  return 'answered';
}

function cut(reply: FastifyReply): Met {
  reply.hijack();
  reply.raw.destroy();
  return 'answered';
}
