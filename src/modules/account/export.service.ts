import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import type { BoundedRow } from '../../database/page-bytes.js';
import { Database } from '../../database/database.js';
import { BillingService, toInvoiceResponse } from '../billing/index.js';
import { toUserResponse, type UserProfile, UsersService } from '../users/index.js';
import { chatroom, chatroomIds, messages, PARTS } from './personal-data.js';

/** Messages held in memory at a time. */
const MESSAGES_AT_A_TIME = 200;

@Injectable()
export class ExportService {
  constructor(
    private readonly database: Database,
    private readonly users: UsersService,
    private readonly billing: BillingService,
  ) {}

  /**
   * Everything that is stored about the caller, as the text of one JSON document that is read as fast as the client takes it. What fails on the
   * way cuts the stream short, so that nobody takes a part for the whole.
   *
   * @throws BillingUnavailableError when the invoices cannot be had
   */
  async exportMe(actor: Actor): Promise<Readable> {
    const [user, invoices] = await Promise.all([this.users.getMe(actor), this.billing.listAllInvoices(actor)]);
    return Readable.from(this.write(user, invoices.map(toInvoiceResponse)), { objectMode: false });
  }

  private async *write(user: UserProfile, invoices: readonly object[]): AsyncGenerator<string> {
    yield `{"exported_at":${JSON.stringify(new Date())},"user":${JSON.stringify(toUserResponse(user))}`;
    for (const { name, rows } of PARTS) {
      yield `,${JSON.stringify(name)}:${JSON.stringify(await this.database.run(rows, [user.id]))}`;
    }
    yield `,"invoices":${JSON.stringify(invoices)}`;
    yield ',"chatrooms":[';
    let separator = '';
    for (const { id } of await this.database.run(chatroomIds, [user.id])) {
      const [room] = await this.database.run(chatroom, [id, user.id]);
      // Deleted since the list was read.
      if (!room) continue;
      yield `${separator}${JSON.stringify(room).slice(0, -1)},"messages":[`;
      yield* this.writeMessages(id);
      yield ']}';
      separator = ',';
    }
    yield ']}\n';
  }

  private async *writeMessages(chatroomId: string): AsyncGenerator<string> {
    for (let after = 0; ;) {
      const rows = await this.database.run(messages, [chatroomId, after, MESSAGES_AT_A_TIME]);
      if (rows.length > 0) yield `${after === 0 ? '' : ','}${rows.map(toText).join(',')}`;
      const last = rows.at(-1);
      if (last === undefined || (rows.length < MESSAGES_AT_A_TIME && !last.goes_on)) return;
      after = last.position;
    }
  }
}

/** Without what the statement adds to bound a page. */
const toText = (row: BoundedRow): string => JSON.stringify({ ...row, goes_on: undefined });
