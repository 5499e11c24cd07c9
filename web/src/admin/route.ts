import { useMemo, useSyncExternalStore } from 'react';

/** What the address names: `#/users?role=admin` is the part `users` with a query; `#/users/{id}` one of them. */
export interface Route {
  readonly part: string;
  readonly id: string | null;
  readonly query: URLSearchParams;
}

type Filters = Readonly<Record<string, string | undefined>>;

/** The address of a part of the administration. Empty filters are left out. */
export function hrefOf(path: string, filters: Filters = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(filters)) if (value !== undefined && value !== '') query.set(name, value);
  return `#/${path}${query.size > 0 ? `?${query}` : ''}`;
}

const listeners = new Set<() => void>();

/** Opens an address. The entry of the browser's history keeps the state. */
export function open(href: string, state: unknown = null): void {
  history.pushState(state, '', href);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener('popstate', listener);
  return () => {
    listeners.delete(listener);
    removeEventListener('popstate', listener);
  };
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  return useMemo(() => {
    const [path = '', query = ''] = hash.replace(/^#\//, '').split('?');
    const [part = '', id = null] = path.split('/');
    return { part, id, query: new URLSearchParams(query) };
  }, [hash]);
}
