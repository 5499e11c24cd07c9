import { useEffect } from 'react';
import { followLiveEvents, listenToLiveEvents, type LiveEvent, type Position } from './live-events.ts';

/**
 * Keeps the stream of live events open as long as the component is shown in a visible tab. A hidden tab would keep one
 * of the six connections that a browser opens to a server over HTTP/1.1. It learns what it has missed when it is
 * visible again.
 */
export function useLiveConnection(): void {
  useEffect(() => {
    const position: Position = { lastId: null };
    let reading = new AbortController();
    const follow = () => {
      reading.abort();
      reading = new AbortController();
      if (document.visibilityState === 'visible') void followLiveEvents(position, reading.signal);
    };
    follow();
    document.addEventListener('visibilitychange', follow);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      reading.abort();
    };
  }, []);
}

/** Calls `onEvent` for each live event while the component is shown. */
export function useLiveEvents(onEvent: (event: LiveEvent) => void): void {
  useEffect(() => listenToLiveEvents(onEvent), [onEvent]);
}
