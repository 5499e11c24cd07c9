import { useSyncExternalStore } from 'react';

const STORE = 'administration-theme';

type Theme = 'light' | 'dark';

const system = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

const chosen = (): Theme | null => localStorage.getItem(STORE) as Theme | null;
const current = (): Theme => chosen() ?? (system.matches ? 'dark' : 'light');

/** Shows the theme that was chosen here; without one it is that of the system. */
export function applyTheme(): void {
  const theme = chosen();
  if (theme === null) delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

export function switchTheme(): void {
  localStorage.setItem(STORE, current() === 'dark' ? 'light' : 'dark');
  applyTheme();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  system.addEventListener('change', listener);
  return () => {
    listeners.delete(listener);
    system.removeEventListener('change', listener);
  };
}

/** The theme that is shown. */
export const useTheme = (): Theme => useSyncExternalStore(subscribe, current);
