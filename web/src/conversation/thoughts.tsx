import { lazy, Suspense } from 'react';
import { isUnfinished, type RoomMessage } from './room-chat.ts';
import { textOf, thoughtsOf } from './text-of.ts';

const Markdown = lazy(() => import('./markdown.tsx'));

/** The model's summary of its thoughts, folded, also while it is written. */
export function Thoughts({ message }: { readonly message: RoomMessage }) {
  const thoughts = thoughtsOf(message);
  if (thoughts === '') return null;
  const areAll = !isUnfinished(message) || textOf(message) !== '';
  return (
    <details className="thoughts">
      <summary>{areAll ? 'Thoughts' : 'Thinking…'}</summary>
      <Suspense fallback={<p className="plain">{thoughts}</p>}>
        <Markdown text={thoughts} />
      </Suspense>
    </details>
  );
}
