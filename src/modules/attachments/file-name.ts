import { hasVisibleText } from '../../common/visible-text.js';

/** In code points. */
const MAX_LENGTH = 255;

/** Controls, line and paragraph separators, and the characters that turn the direction of what follows. */
const UNSAFE = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/**
 * Why a text is no name of a file.
 *
 * @returns null for a name: 1 to 255 code points, some of them visible, without a path and without characters that hide
 *   or reorder others
 */
export function faultOfFileName(name: string): string | null {
  if (!hasVisibleText(name) || name === '.' || name === '..') return 'the file must have a name';
  if (name.length > 2 * MAX_LENGTH || Array.from(name).length > MAX_LENGTH) return `the name must have at most ${MAX_LENGTH} characters`;
  if (/[/\\]/.test(name)) return 'the name must have no path';
  if (UNSAFE.test(name) || !name.isWellFormed()) return 'the name must have no control characters';
  return null;
}
