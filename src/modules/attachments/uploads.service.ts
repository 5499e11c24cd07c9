import { createHash } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { PayloadTooLargeError, RequestTimeoutError, ValidationFailedError } from '../../common/errors/common.errors.js';
import { newId } from '../../common/ids.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { ObjectStore } from '../../integrations/object-store/index.js';
import { QuotasService } from '../subscriptions/index.js';
import type { StoredAttachment } from './attachment.js';
import { AttachmentsRepository, type NewAttachment } from './attachments.repository.js';
import { faultOfFileName } from './file-name.js';
import { MediaTypeJudge } from './media-type.js';

/** Bytes that are reserved at a time for a file whose size its sender has not told. */
const STEP = 1024 * 1024;

/** A file as it arrives. */
export interface IncomingFile {
  readonly name: string;
  /** Bytes that the file has at least, as its sender says; 0 where that is unknown. */
  readonly expectedBytes: number;
  /** Ends when the whole request was received. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * Takes files in. The bytes go to the store as they come. They are reserved in the user's quota before they are read,
 * so that parallel uploads admit exactly as many as fit; of an upload that fails nothing is left.
 */
@Injectable()
export class UploadsService {
  private readonly logger = new Logger(UploadsService.name);

  constructor(
    private readonly attachments: AttachmentsRepository,
    private readonly store: ObjectStore,
    private readonly quotas: QuotasService,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * @throws ValidationFailedError for an empty file or a name that is none, PayloadTooLargeError,
   *   UnsupportedFileError, StorageFullError, RequestTimeoutError, ServiceUnavailableError, UserGoneError, and the
   *   errors of `file.bytes`
   */
  async upload(actor: Actor, { name, expectedBytes, bytes }: IncomingFile): Promise<StoredAttachment> {
    const fault = faultOfFileName(name);
    if (fault !== null) throw new ValidationFailedError([{ field: 'file', message: fault }]);
    if (expectedBytes > this.config.ATTACHMENT_MAX_BYTES) throw new PayloadTooLargeError();
    const upload = new Upload(actor, name, { attachments: this.attachments, quotas: this.quotas, config: this.config });
    await upload.begin(expectedBytes);
    try {
      await this.store.put(upload.file.id, upload.checked(bytes));
      return await upload.end();
    } catch (error) {
      await this.giveUp(upload.file);
      throw error;
    }
  }

  /** What fails here is left to the sweep. */
  private async giveUp({ id, userId }: NewAttachment): Promise<void> {
    try {
      const deleted = await this.attachments.deleteUnheld(userId, [id]);
      // Its account is gone, whose objects were deleted before the last bytes of this one came.
      if (deleted.length === 0) await this.attachments.remove(id);
    } catch (error) {
      this.logger.warn(`the upload ${id} was left to the sweep: ${String(error)}`);
    }
  }
}

interface Means {
  readonly attachments: AttachmentsRepository;
  readonly quotas: QuotasService;
  readonly config: Config;
}

/** One upload. */
class Upload {
  readonly file: NewAttachment;
  private readonly quota: number;
  private readonly hash = createHash('sha256');
  private readonly type = new MediaTypeJudge();
  private size = 0;
  private reserved = 0;

  constructor(
    private readonly actor: Actor,
    name: string,
    private readonly means: Means,
  ) {
    this.file = { id: newId(), userId: actor.userId, isVerified: actor.isVerified, name };
    this.quota = means.quotas.quotaOf(actor).bytes;
  }

  /** @throws StorageFullError, UserGoneError */
  async begin(bytes: number): Promise<void> {
    while (!(await this.means.attachments.reserve(this.file, bytes, this.quota)))
      await this.means.quotas.assertRoomForBytes(this.actor, bytes);
    this.reserved = bytes;
  }

  /** The bytes of the file, once they are judged and reserved. */
  async *checked(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { ATTACHMENT_MAX_BYTES: limit } = this.means.config;
    for await (const chunk of bytes) {
      this.size += chunk.length;
      if (this.size > limit) throw new PayloadTooLargeError();
      await this.type.take(chunk);
      if (this.size > this.reserved) await this.reserve(Math.min(limit, Math.max(this.size, this.reserved + STEP)));
      this.hash.update(chunk);
      yield chunk;
    }
    if (this.size === 0) throw new ValidationFailedError([{ field: 'file', message: 'the file must not be empty' }]);
  }

  /** @throws UnsupportedFileError, StorageFullError, UserGoneError */
  async end(): Promise<StoredAttachment> {
    const stored = { size: this.size, mediaType: await this.type.end(), sha256: this.hash.digest() };
    return this.within(this.size, async () => {
      const state = await this.means.attachments.complete(this.file, stored, this.quota);
      return typeof state === 'string' ? state : { value: state };
    });
  }

  private async reserve(bytes: number): Promise<void> {
    await this.within(bytes, async () => {
      // The last bytes that are free are taken as they are needed.
      for (const wanted of new Set([bytes, this.size])) {
        const state = await this.means.attachments.grow(this.file, wanted, this.quota);
        if (state === 'gone') return state;
        if (state === 'grown') return { value: (this.reserved = wanted) };
      }
      return 'full';
    });
  }

  /** Counts again before a refusal. */
  private async within<T>(bytes: number, work: () => Promise<{ readonly value: T } | 'full' | 'gone'>): Promise<T> {
    for (;;) {
      const result = await work();
      if (typeof result === 'object') return result.value;
      if (result === 'gone') {
        await this.means.quotas.assertRoomForBytes(this.actor, 0);
        throw new RequestTimeoutError();
      }
      await this.means.quotas.assertRoomForBytes(this.actor, bytes - this.reserved);
    }
  }
}
