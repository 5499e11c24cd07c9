import { type Content, type Part } from '@google/genai';
import type { ThoughtSignature } from './thought-signatures.js';

/** A file that the model reads with a turn. */
export interface TurnFile {
  /** The model is told it, because people speak of files by their names. */
  readonly name: string;
  readonly mediaType: string;
  /** Its bytes, or the address of an upload. */
  readonly content: Buffer | string;
}

export interface Turn {
  readonly role: 'user' | 'model';
  readonly text: string;
  readonly signatures?: readonly ThoughtSignature[] | null;
  readonly files?: readonly TurnFile[];
}

/**
 * Bytes of a request with files: Gemini refuses 20 MB (https://ai.google.dev/gemini-api/docs/files), which has to hold
 * the rest of the request too.
 */
export const MAX_INLINE_BYTES = 19_000_000;

/** Bytes that a file takes in a request: those of its base64, and of the names around it. */
export const inlineSizeOf = (bytes: number): number => Math.ceil(bytes / 3) * 4 + 1_000;

export const contentsOf = (turns: readonly Turn[]): Content[] =>
  turns.map(({ role, text, signatures, files = [] }) => ({
    role,
    // A file stands before the text that asks about it.
    parts: [...files.flatMap(partsOfFile), ...(text === '' && files.length > 0 ? [] : partsOfText(text, signatures ?? []))],
  }));

const partsOfFile = ({ name, mediaType: mimeType, content }: TurnFile): Part[] => [
  { text: `File ${JSON.stringify(name)}:` },
  typeof content === 'string'
    ? { fileData: { fileUri: content, mimeType } }
    : { inlineData: { mimeType, data: content.toString('base64') } },
];

/** A text as the parts that it came in, as far as the model wants to recognise them by their signatures. */
function partsOfText(text: string, signatures: readonly ThoughtSignature[]): Part[] {
  const parts: Part[] = signatures.map(({ end, signature: thoughtSignature }, i) => ({
    text: text.slice(signatures[i - 1]?.end ?? 0, end),
    thoughtSignature,
  }));
  const rest = text.slice(signatures.at(-1)?.end ?? 0);
  return rest === '' && parts.length > 0 ? parts : [...parts, { text: rest }];
}
