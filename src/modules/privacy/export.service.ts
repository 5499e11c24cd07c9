import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import type { PersonalData } from '../../database/personal-data.js';
import { AttachmentLostError, AttachmentsService } from '../attachments/index.js';
import { BillingService, toInvoiceResponse } from '../billing/index.js';
import { toUserResponse, type UserProfile, UsersService } from '../users/index.js';
import { PersonalDataRepository } from './personal-data.repository.js';

export const PERSONAL_DATA_TOKEN = Symbol('PERSONAL_DATA');

@Injectable()
export class ExportService {
  constructor(
    @Inject(PERSONAL_DATA_TOKEN) private readonly parts: readonly PersonalData[],
    private readonly personalData: PersonalDataRepository,
    private readonly users: UsersService,
    private readonly billing: BillingService,
    private readonly attachments: AttachmentsService,
  ) {}

  /**
   * Exports everything that is stored about the caller as the text of one JSON document, which is read as fast as the
   * client takes it. A failure on the way cuts the stream short, so that an incomplete document is no valid JSON.
   *
   * @throws BillingUnavailableError when the invoices cannot be read
   */
  async exportMe(actor: Actor): Promise<Readable> {
    const [user, invoices] = await Promise.all([this.users.getMe(actor), this.billing.listAllInvoices(actor)]);
    return Readable.from(this.write(user, invoices.map(toInvoiceResponse)), { objectMode: false });
  }

  private async *write(user: UserProfile, invoices: readonly object[]): AsyncGenerator<string> {
    yield `{"exported_at":${JSON.stringify(new Date())},"user":${JSON.stringify(toUserResponse(user))}`;
    for (const part of this.parts) {
      yield `,${JSON.stringify(part.name)}:${JSON.stringify(await this.personalData.findRows(part, user.id))}`;
    }
    yield ',"attachments":[';
    yield* this.writeAttachments(user.id);
    yield ']';
    yield `,"invoices":${JSON.stringify(invoices)}`;
    yield ',"chatrooms":[';
    let separator = '';
    for await (const room of this.personalData.readChatrooms(user.id)) {
      yield `${separator}${JSON.stringify(room).slice(0, -1)},"messages":[`;
      yield* this.writeMessages(room.id);
      yield ']}';
      separator = ',';
    }
    yield ']}\n';
  }

  /** Each with its bytes in Base64, a part at a time; null for those that the store has lost. */
  private async *writeAttachments(userId: string): AsyncGenerator<string> {
    let separator = '';
    for await (const attachment of this.attachments.readAll(userId)) {
      const { id, name, mediaType, size, createdAt } = attachment;
      const about = JSON.stringify({ id, name, media_type: mediaType, size, created_at: createdAt });
      const chunks = await this.attachments.open(attachment).catch(nullIfLost);
      yield `${separator}${about.slice(0, -1)},"base64":`;
      separator = ',';
      if (chunks === null) {
        yield 'null}';
        continue;
      }
      yield '"';
      let rest: Uint8Array = new Uint8Array();
      for await (const chunk of chunks) {
        const bytes = Buffer.concat([rest, chunk]);
        // Three bytes are four characters.
        const whole = bytes.length - (bytes.length % 3);
        yield bytes.toString('base64', 0, whole);
        rest = bytes.subarray(whole);
      }
      yield `${Buffer.from(rest).toString('base64')}"}`;
    }
  }

  private async *writeMessages(chatroomId: string): AsyncGenerator<string> {
    let separator = '';
    for await (const message of this.personalData.readMessages(chatroomId)) {
      yield separator + JSON.stringify(message);
      separator = ',';
    }
  }
}

function nullIfLost(error: unknown): null {
  if (error instanceof AttachmentLostError) return null;
  throw error;
}
