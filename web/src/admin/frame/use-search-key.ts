import { type RefObject, useEffect } from 'react';

/** The key / leads to the first filter of the list that is shown. */
export function useSearchKey(main: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== '/' || (event.target instanceof Element && event.target.closest('input, select, textarea, [role=dialog]'))) return;
      const search = main.current?.querySelector<HTMLInputElement>('.filters input');
      if (!search) return;
      event.preventDefault();
      search.focus();
    };
    addEventListener('keydown', onKeyDown);
    return () => {
      removeEventListener('keydown', onKeyDown);
    };
  }, [main]);
}
