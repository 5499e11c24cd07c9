import type { StoredAttachment } from '../../attachments/index.js';
import type { TokenBounds } from './file-budget.js';

// ai.google.dev/gemini-api/docs/tokens and /media-resolution: a picture has 258 tokens for each of its tiles; from
// Gemini 3 on it has 1,120 at the default resolution, however large it is. A page of a PDF has at least 258.
const LEAST_TOKENS = 258;
const PICTURE_TOKENS = 1_120;
/** The name of the file, which stands before it. */
const CAPTION_TOKENS = 300;
const COUNTS_PICTURES_WHOLE = /^gemini-(?:[3-9]|[1-9]\d)\b/u;

/** The tokens of a file that was not counted, never fewer than it has; its pages or tiles may be any number. */
export function tokenBoundsOf({ mediaType, size }: Pick<StoredAttachment, 'mediaType' | 'size'>, model: string): TokenBounds {
  // A token is at least a byte of text, and seldom more than a word of it.
  if (mediaType.startsWith('text/')) return { least: Math.ceil(size / 16), most: size + CAPTION_TOKENS };
  const isWhole = mediaType.startsWith('image/') && COUNTS_PICTURES_WHOLE.test(model);
  return { least: LEAST_TOKENS, most: isWhole ? PICTURE_TOKENS + CAPTION_TOKENS : Infinity };
}
