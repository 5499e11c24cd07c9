import type { StoredAttachment } from '../../attachments/index.js';
import { type PathMessage, tokensOf } from '../context.js';
import { nameOf, type TurnFile } from './turn-file.js';

/** What is known of the tokens of a file: exactly, or only that they lie between two figures. */
export interface TokenBounds {
  readonly least: number;
  readonly most: number;
}

/** A file whose exact tokens decide whether the model is given it. */
export interface UncountedFile {
  readonly file: StoredAttachment;
  /** It belongs to the message that is to be answered. */
  readonly isNewest: boolean;
}

/**
 * Chooses the files that the model is given with the messages of a branch, newest first: a message that fits has those
 * of its files that fit as well, and names the others. Older messages go on to fit into what is left.
 *
 * @param path oldest first, with the message to answer at its end, which always fits
 * @returns the messages that fit, and the files that are left out only because they were not counted yet
 */
export function fitFiles(
  path: readonly PathMessage[],
  attachments: ReadonlyMap<string, readonly StoredAttachment[]>,
  budget: number,
  boundsOf: (file: StoredAttachment) => TokenBounds,
): { readonly path: PathMessage[]; readonly uncounted: UncountedFile[] } {
  const fitting: PathMessage[] = [];
  const uncounted: UncountedFile[] = [];
  let left = budget;
  let newer: PathMessage | null = null;
  for (const message of path.toReversed()) {
    // A refused message is left out with all it has, so that nothing of it counts or is counted.
    const own = newer?.role === 'model' && isLeftOut(newer) ? [] : (attachments.get(message.id) ?? []);
    const tokens = message.tokens + tokensOf(own.map(nameOf).join('\n'));
    if (newer !== null && tokens > left) break;
    left -= tokens;
    const files: TurnFile[] = [];
    const omitted: StoredAttachment[] = [];
    for (const file of own) {
      const { least, most } = boundsOf(file);
      if (most <= left) {
        left -= most;
        files.push({ ...file, tokens: most });
      } else {
        omitted.push(file);
        if (least <= left && least < most) uncounted.push({ file, isNewest: newer === null });
      }
    }
    fitting.unshift(own.length === 0 ? message : { ...message, tokens, files, omitted });
    newer = message;
  }
  return { path: fitting, uncounted };
}

const isLeftOut = ({ status, isRefused }: PathMessage): boolean => status === 'blocked' || isRefused;

/** The path with its files named and not given, for a model that reads text alone. */
export const nameFiles = (path: readonly PathMessage[], attachments: ReadonlyMap<string, readonly StoredAttachment[]>): PathMessage[] =>
  path.map((message) => ({ ...message, omitted: attachments.get(message.id) ?? [] }));
