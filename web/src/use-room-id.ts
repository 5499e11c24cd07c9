import { useSyncExternalStore } from 'react';

export const roomPath = (id: string): string => `#/chat/${id}`;

const current = (): string | null => /^#\/chat\/([\w-]+)$/.exec(location.hash)?.[1] ?? null;

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => {
    removeEventListener('hashchange', listener);
  };
}

/** The room that the address names; null for a new one. */
export const useRoomId = (): string | null => useSyncExternalStore(subscribe, current);
