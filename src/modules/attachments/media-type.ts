import { fileTypeFromBuffer } from 'file-type/core';
import { UnsupportedFileError } from './attachments.errors.js';

/** The media types of attachments. Text of any kind, source code and markup included, is `text/plain`. */
export const MEDIA_TYPES = ['image/png', 'image/jpeg', 'image/webp', 'image/heic', 'application/pdf', 'text/plain'] as const;
export type MediaType = (typeof MEDIA_TYPES)[number];

/** What file-type calls our types. An animated PNG is a PNG. */
const BINARY: Readonly<Record<string, MediaType>> = {
  'image/png': 'image/png',
  'image/apng': 'image/png',
  'image/jpeg': 'image/jpeg',
  'image/webp': 'image/webp',
  'image/heic': 'image/heic',
  'application/pdf': 'application/pdf',
};

/** The bytes by which file-type tells these types, with more than any of them needs. */
const SAMPLE = 4_100;

/**
 * Judges the type of a file by its bytes, as they come, and refuses it at the first byte that no accepted type allows.
 */
export class MediaTypeJudge {
  private head: Uint8Array = new Uint8Array();
  private binary: MediaType | null = null;
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });

  /** @throws UnsupportedFileError */
  async take(chunk: Uint8Array): Promise<void> {
    if (this.binary !== null) return;
    if (this.head.length >= SAMPLE) {
      this.decode(chunk);
      return;
    }
    this.head = Buffer.concat([this.head, chunk]);
    if (this.head.length >= SAMPLE) await this.judgeHead();
  }

  /** The type of the whole file. @throws UnsupportedFileError */
  async end(): Promise<MediaType> {
    if (this.binary === null && this.head.length < SAMPLE) await this.judgeHead();
    if (this.binary !== null) return this.binary;
    this.decode();
    return 'text/plain';
  }

  private async judgeHead(): Promise<void> {
    const found = await fileTypeFromBuffer(this.head.subarray(0, SAMPLE));
    this.binary = BINARY[found?.mime ?? ''] ?? null;
    if (this.binary === null) this.decode(this.head);
  }

  /** The next bytes of text; none: the text ends. */
  private decode(chunk?: Uint8Array): void {
    try {
      const text = this.decoder.decode(chunk, { stream: chunk !== undefined });
      if (!text.includes('\0')) return;
    } catch {
      // Not UTF-8.
    }
    throw new UnsupportedFileError('file');
  }
}
