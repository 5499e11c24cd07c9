import { Injectable, Logger } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { NotFoundError } from '../../common/errors/common.errors.js';
import { isId } from '../../common/ids.js';
import { type ByteRange, ObjectMissingError, ObjectStore } from '../../integrations/object-store/index.js';
import type { StoredAttachment } from './attachment.js';
import { AttachmentInUseError, AttachmentLostError } from './attachments.errors.js';
import { AttachmentsRepository } from './attachments.repository.js';

@Injectable()
export class AttachmentsService {
  private readonly logger = new Logger(AttachmentsService.name);

  constructor(
    private readonly attachments: AttachmentsRepository,
    private readonly store: ObjectStore,
  ) {}

  /** @throws NotFoundError */
  async getAttachment({ userId }: Actor, id: string): Promise<StoredAttachment> {
    const attachment = await this.attachments.find(id, { userId });
    if (!attachment) throw new NotFoundError();
    return attachment;
  }

  /** Attachments in the order of their ids. @throws NotFoundError for an id that names none of the caller's */
  async getAttachments({ userId }: Actor, ids: readonly string[]): Promise<StoredAttachment[]> {
    if (ids.length === 0) return [];
    if (!ids.every(isId)) throw new NotFoundError();
    const found = new Map((await this.attachments.findAll(userId, ids)).map((attachment) => [attachment.id, attachment]));
    return ids.map((id) => {
      const attachment = found.get(id.toLowerCase());
      if (!attachment) throw new NotFoundError();
      return attachment;
    });
  }

  /** @throws NotFoundError, AttachmentInUseError */
  async deleteAttachment(actor: Actor, id: string): Promise<void> {
    await this.getAttachment(actor, id);
    const deleted = await this.attachments.deleteUnheld(actor.userId, [id]);
    if (deleted.length > 0) return;
    // It has been deleted meanwhile, or a message has it.
    await this.getAttachment(actor, id);
    throw new AttachmentInUseError();
  }

  /** The attachments of messages, those of each in their order. Messages without any are not in the map. */
  listOfMessages(messageIds: readonly string[]): Promise<Map<string, StoredAttachment[]>> {
    return this.attachments.listOfMessages(messageIds);
  }

  /** All attachments of a user, the oldest first. One that is deleted meanwhile is left out. */
  async *readAll(userId: string): AsyncGenerator<StoredAttachment> {
    for (const id of await this.attachments.listIds(userId)) {
      const attachment = await this.attachments.find(id, { userId });
      if (attachment) yield attachment;
    }
  }

  /**
   * The bytes of an attachment, or a range of them, which are read from the store as they are taken.
   *
   * @param options.range all of them where it is not given
   * @param options.signal ends the reading
   * @throws AttachmentLostError; ServiceUnavailableError when the store fails before the first byte; the reason of the
   *   signal
   */
  async open(
    { id, size }: StoredAttachment,
    { range = { first: 0, last: size - 1 }, signal }: { readonly range?: ByteRange; readonly signal?: AbortSignal } = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    return this.orLost(id, () => this.store.read(id, range, signal));
  }

  /** All bytes of an attachment. @throws AttachmentLostError, ServiceUnavailableError, the reason of the signal */
  async read(attachment: StoredAttachment, signal: AbortSignal): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    await this.orLost(attachment.id, async () => {
      for await (const chunk of await this.open(attachment, { signal })) chunks.push(chunk);
    });
    return Buffer.concat(chunks, attachment.size);
  }

  private async orLost<T>(id: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ObjectMissingError)) throw error;
      this.logger.error(error);
      throw new AttachmentLostError(id, { cause: error });
    }
  }
}
