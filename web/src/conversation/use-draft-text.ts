import { useState } from 'react';
import { session } from '../api/session.ts';

/** A longer text is no message, and is not kept. */
const LONGEST = 100_000;

const PREFIX = 'draft:';

/**
 * The text that is being written in a room, kept in this tab so that it outlives a reload.
 *
 * @param roomId null for the room that the text begins
 */
export function useDraftText(roomId: string | null): [text: string, setText: (text: string) => void] {
  const key = `${PREFIX}${session.user()?.id ?? ''}:${roomId ?? 'new'}`;
  const [text, setText] = useState(() => sessionStorage.getItem(key) ?? '');
  return [
    text,
    (next) => {
      setText(next);
      if (next === '' || next.length > LONGEST) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, next);
    },
  ];
}

/** Forgets the texts of all rooms: the next user of this tab must not find them. */
export function clearDrafts(): void {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
}
