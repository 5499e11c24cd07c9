import { useSyncExternalStore } from 'react';

const SHOWN_MS = 6_000;

const listeners = new Set<() => void>();
let text = '';
let timer: ReturnType<typeof setTimeout> | undefined;

function show(next: string): void {
  text = next;
  for (const listener of listeners) listener();
}

/** Says for a while what has happened, or what was refused. */
export function notify(notice: unknown): void {
  clearTimeout(timer);
  show(notice instanceof Error ? notice.message : String(notice));
  timer = setTimeout(show, SHOWN_MS, '');
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const Notices = () => {
  const shown = useSyncExternalStore(subscribe, () => text);
  return (
    // A modal dialog makes everything else inert, but for what has this attribute.
    <div className="notices" role="status" data-react-aria-top-layer="true">
      {shown !== '' && <p>{shown}</p>}
    </div>
  );
};
