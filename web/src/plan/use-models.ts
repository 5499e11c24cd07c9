import { useCallback, useEffect, useState } from 'react';
import { api, bodyOf, type Model } from '../api/client.ts';
import type { LiveEvent } from '../live/live-events.ts';
import { useLiveEvents } from '../live/use-live-events.ts';
import { notify } from '../ui/notices.tsx';

/** The models of the user's plan, with what they offer on it; empty until they are loaded. */
export function useModels(): readonly Model[] {
  const [models, setModels] = useState<readonly Model[]>([]);
  const load = useCallback(() => {
    bodyOf(api.GET('/models')).then(({ data }) => {
      setModels(data);
    }, notify);
  }, []);
  useEffect(load, [load]);
  useLiveEvents(
    useCallback(
      ({ type }: LiveEvent) => {
        if (type === 'subscription.updated') load();
      },
      [load],
    ),
  );
  return models;
}
