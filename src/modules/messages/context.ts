import type { PathMessage } from './replies.repository.js';

export interface Turn {
  readonly role: 'user' | 'model';
  readonly text: string;
}

/**
 * What the model is given of a branch. A reply without text is left out; so is a blocked one together with the message it answered, because a
 * prompt that was blocked once blocks every later request that repeats it. A conversation begins with the user.
 *
 * @param path oldest first; ends with the message to answer
 */
export function toTurns(path: readonly PathMessage[]): Turn[] {
  const turns: Turn[] = [];
  for (const { role, status, content } of path) {
    if (role === 'user') turns.push({ role, text: content });
    else if (status === 'blocked') turns.pop();
    else if (content !== '' && status !== 'failed' && turns.length > 0) turns.push({ role, text: content });
  }
  return turns;
}
