import { createHash, type Hash, randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { ServiceUnavailableError } from '../../common/errors/common.errors.js';

/**
 * A file in the temporary folder that holds one part of an object, because a store wants to know the length and the
 * checksum of a part before its bytes. It has no name, so that it is gone with its process.
 */
export class Spool {
  private size = 0;
  private hash: Hash = createHash('sha256');

  private constructor(private readonly file: FileHandle) {}

  /** @throws ServiceUnavailableError */
  static async open(): Promise<Spool> {
    const path = join(tmpdir(), `upload-${randomUUID()}`);
    const file = await open(path, 'wx+', 0o600).catch(unavailable);
    await rm(path, { force: true });
    return new Spool(file);
  }

  get length(): number {
    return this.size;
  }

  /** SHA-256 in Base64. */
  checksum(): string {
    return this.hash.copy().digest('base64');
  }

  /** @throws ServiceUnavailableError when the disk is full */
  async append(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const { bytesWritten } = await this.file.write(bytes, at, bytes.length - at, this.size + at).catch(unavailable);
      at += bytesWritten;
    }
    this.hash.update(bytes);
    this.size += bytes.length;
  }

  /** What was appended since the last `clear`. It can be read again. */
  read(): Readable {
    return this.file.createReadStream({ start: 0, end: this.size - 1, autoClose: false });
  }

  clear(): void {
    this.size = 0;
    this.hash = createHash('sha256');
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}

function unavailable(cause: unknown): never {
  throw new ServiceUnavailableError({ cause });
}
