import { useCallback, useEffect, useState } from 'react';
import { api, bodyOf, type Status } from '../api/client.ts';
import { session } from '../api/session.ts';
import type { LiveEvent } from '../live/live-events.ts';
import { useLiveEvents } from '../live/use-live-events.ts';
import { notify } from '../ui/notices.tsx';

export interface PlanStatus {
  /** Null until it is loaded. */
  readonly current: Status | null;
  readonly reload: () => void;
}

/** The plan, and what is left of the day. Who comes back from the payment page is asked for there. */
export function useStatus(): PlanStatus {
  const [status, setStatus] = useState<Status | null>(null);
  const load = useCallback(async (checkoutSessionId?: string) => {
    const query = checkoutSessionId === undefined ? {} : { checkout_session_id: checkoutSessionId };
    const next = await bodyOf(api.GET('/subscription/status', { params: { query } }));
    setStatus(next);
    return next;
  }, []);
  useEffect(() => {
    const { searchParams } = new URL(location.href);
    const paid = searchParams.get('checkout_session_id') ?? undefined;
    if (searchParams.size > 0) history.replaceState(null, '', location.pathname + location.hash);
    load(paid)
      .then(async ({ plan }) => {
        if (paid === undefined) return;
        notify(plan === 'pro' ? 'You have Pro now: no daily limit.' : 'The payment is not complete yet.');
        session.update(await bodyOf(api.GET('/user/me')));
      })
      .catch(notify);
  }, [load]);
  const reload = useCallback(() => {
    load().catch(notify);
  }, [load]);
  useLiveEvents(
    useCallback(
      ({ type }: LiveEvent) => {
        if (['subscription.updated', 'message.accepted', 'reply.finished', 'reset'].includes(type)) reload();
      },
      [reload],
    ),
  );
  return { current: status, reload };
}
