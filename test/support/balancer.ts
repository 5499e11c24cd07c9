import type { ApiProcess } from './cluster.js';
import { until } from './until.js';

export type BalancedRequest = (api: ApiProcess) => Promise<{ status: number; body: unknown }>;

/**
 * What a load balancer does and no more: requests go in turn to the processes whose readiness was last seen as 200,
 * looked at every 100 ms. No request is sent twice.
 */
export function balance(apis: readonly ApiProcess[]): {
  send: (request: BalancedRequest) => ReturnType<BalancedRequest>;
  close: () => void;
} {
  const ready = new Set(apis);
  const timers = apis.map((api) =>
    setInterval(() => {
      void api.client
        .get('/health/ready', { signal: AbortSignal.timeout(500), headers: { connection: 'close' } })
        .catch(() => null)
        .then((answer) => (answer?.status === 200 ? ready.add(api) : ready.delete(api)));
    }, 100),
  );
  let turn = 0;
  const send = async (request: BalancedRequest) => {
    await until('some process is ready', () => ready.size > 0);
    const candidates = [...ready];
    const api = candidates[(turn += 1) % candidates.length];
    if (!api) throw new Error('none is ready');
    return request(api);
  };
  return {
    send,
    close: () => {
      timers.forEach(clearInterval);
    },
  };
}
