import { useEffect } from 'react';
import { followLiveEvents, listenToLiveEvents, type LiveEvent } from './live-events.ts';

/** Keeps the stream of live events open as long as the component is shown. */
export function useLiveConnection(): void {
  useEffect(() => {
    const shown = new AbortController();
    void followLiveEvents(shown.signal);
    return () => {
      shown.abort();
    };
  }, []);
}

/** Calls `onEvent` for each live event while the component is shown. */
export function useLiveEvents(onEvent: (event: LiveEvent) => void): void {
  useEffect(() => listenToLiveEvents(onEvent), [onEvent]);
}
