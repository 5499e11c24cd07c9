/** Failures of the API that a test can order, for what a client does about them. */
import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { errorText, StripeError } from './stripe-error.js';

export const FAULT_KINDS = ['error', 'rate_limit', 'drop', 'error_after', 'drop_after', 'slow'] as const;

export interface FaultOrder {
  /**
   * error: 500, nothing done · rate_limit: 429 · drop: the connection is cut, nothing done · *_after: done, then 500 or
   * cut · slow: only late
   */
  kind: (typeof FAULT_KINDS)[number];
  method?: string | undefined;
  /** the beginning of the path */
  path?: string | undefined;
  times: number;
  latency_ms: number;
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
    order.times -= 1;
    if (order.times <= 0) this.orders = this.orders.filter((one) => one !== order);
    const { kind, latency_ms: latency } = order;
    return {
      before: async (reply) => {
        // A waiting fault must not keep the process alive.
        if (latency > 0) await wait(latency, undefined, { ref: false });
        if (kind === 'error') return fail(reply, 500, 'api_error');
        if (kind === 'rate_limit') return fail(reply, 429, 'invalid_request_error', 'rate_limit');
        return kind === 'drop' ? cut(reply) : 'go on';
      },
      after: (reply) => {
        if (kind === 'error_after') return fail(reply, 500, 'api_error');
        return kind === 'drop_after' ? cut(reply) : 'go on';
      },
    };
  }
}

function fail(reply: FastifyReply, status: number, type: 'api_error' | 'invalid_request_error', code?: string): Met {
  const error = new StripeError(status, {
    type,
    message: 'A failure that was ordered from the simulator.',
    ...(code === undefined ? {} : { code }),
  });
  void reply
    .code(status)
    .type('application/json')
    .send(errorText(error, String(reply.getHeader('request-id'))));
  return 'answered';
}

function cut(reply: FastifyReply): Met {
  reply.hijack();
  reply.raw.destroy();
  return 'answered';
}
