import { createHash } from 'node:crypto';
import { unreadableFile, unsupportedType } from './wire-errors.js';

/** The content of a file, as the simulator has read it. */
export interface ReadFile {
  mimeType: string;
  size: number;
  /** In hexadecimal digits. */
  sha256: string;
  /** Pages of a PDF. */
  pages: number | null;
  /** The first words of a text. */
  words: string | null;
  tokens: number;
  /** The first characters, whatever the type, where scenarios can stand. */
  beginning: string;
}

/** A file of a turn. */
export interface ReceivedFile extends ReadFile {
  /** The text part right before it. */
  caption: string | null;
  /** Null when its bytes came with the request. */
  uri: string | null;
}

/** Gemini 3 counts this many tokens for a picture and for a page of a PDF at their default resolutions. */
const PICTURE_TOKENS = 1_120;
const PAGE_TOKENS = 560;

/** The beginning of a file of a type. */
const MAGIC: Readonly<Record<string, RegExp>> = {
  'image/png': /^\x89PNG\r\n/u,
  'image/jpeg': /^\xff\xd8\xff/u,
  'image/webp': /^RIFF[^]{4}WEBP/u,
  'image/heic': /^[^]{4}ftyp/u,
  'image/heif': /^[^]{4}ftyp/u,
  'application/pdf': /^[^]{0,1024}%PDF-/u,
};

const BEGINNING = 4_096;

/** Whether a model takes files of a type. */
export const isSupported = (mimeType: string): boolean => Object.hasOwn(MAGIC, mimeType) || mimeType.startsWith('text/');

/**
 * Reads a file as far as its description needs it.
 *
 * @throws WireError 400 INVALID_ARGUMENT for a type that no model takes, and for a file that is none of its type
 */
export function readFile(mimeType: string, bytes: Buffer): ReadFile {
  if (!isSupported(mimeType)) throw unsupportedType(mimeType);
  const facts = { mimeType, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex'), pages: null, words: null };
  const beginning = bytes.subarray(0, BEGINNING).toString();
  if (mimeType.startsWith('text/')) {
    const words = beginning.slice(0, 120).replace(/\s+/gu, ' ').trim();
    return { ...facts, words, tokens: Math.ceil(bytes.toString().length / 4), beginning };
  }
  const isOfItsType = MAGIC[mimeType]?.test(bytes.subarray(0, BEGINNING).toString('latin1')) ?? false;
  if (mimeType === 'application/pdf') {
    const pages = isOfItsType ? pagesOf(bytes.toString('latin1')) : 0;
    if (pages === 0) throw unreadableFile('The document has no pages.');
    return { ...facts, pages, tokens: pages * PAGE_TOKENS, beginning };
  }
  if (!isOfItsType) throw unreadableFile('Unable to process input image.');
  return { ...facts, tokens: PICTURE_TOKENS, beginning };
}

/** The page objects of a PDF, or the number that its page tree gives where those are compressed. */
function pagesOf(pdf: string): number {
  const objects = pdf.match(/\/Type\s*\/Page(?![a-z])/giu)?.length ?? 0;
  const counts = [...pdf.matchAll(/\/Count\s+(\d{1,5})/gu)].map(([, count]) => Number(count));
  return Math.max(objects, ...counts);
}

/** A sentence on a file, with all that the simulator knows of it. */
export function sentenceOn({ mimeType, size, sha256, pages, words, caption, uri }: ReceivedFile): string {
  return [
    mimeType,
    `${size} bytes`,
    ...(pages === null ? [] : [`${pages} ${pages === 1 ? 'page' : 'pages'}`]),
    `SHA-256 ${sha256}`,
    uri === null ? 'inline' : 'by the Files API',
    ...(caption === null ? [] : [`captioned “${caption.trim()}”`]),
    ...(words === null ? [] : [`it begins “${words}”`]),
  ].join(', ');
}
