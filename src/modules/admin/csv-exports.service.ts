import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { stringify } from 'csv-stringify/sync';
import { Database } from '../../database/database.js';
import { type AccountFilter, AccountsRepository } from './accounts.repository.js';
import type { Administrator } from './administrator.js';
import { type AuditAction, type AuditFilter, AuditLog } from './audit-log.js';
import { ConversationsRepository, type MessageFilter, messageKey } from './conversations.repository.js';
import { ConversationsService } from './conversations.service.js';
import type { PageKey, PageWish } from './list-query.js';

const ROWS_AT_A_TIME = 1_000;

const USER_COLUMNS = [
  'id',
  'username',
  'email',
  'mobile_number',
  'is_verified',
  'has_password',
  'role',
  'plan',
  'disabled_at',
  'created_at',
] as const;

const MESSAGE_COLUMNS = [
  'id',
  'chatroom_id',
  'user_id',
  'role',
  'status',
  'model',
  'attempt',
  'finish_reason',
  'error_code',
  'input_tokens',
  'output_tokens',
  'reasoning_tokens',
  'total_tokens',
  'created_at',
  'first_token_at',
  'completed_at',
] as const;

const AUDIT_COLUMNS = [
  'id',
  'created_at',
  'actor_id',
  'actor_username',
  'action',
  'target_type',
  'target_id',
  'before',
  'after',
  'reason',
  'ip',
  'device',
  'request_id',
] as const;

type Row = Readonly<Record<string, unknown>>;

/**
 * Lists as CSV (RFC 4180), a page of rows in memory at a time, read as fast as the client takes them. A cell that a spreadsheet would take for a
 * formula begins with an apostrophe instead. What fails on the way cuts the answer short. Each export is noted in the audit log.
 */
@Injectable()
export class CsvExportsService {
  constructor(
    private readonly database: Database,
    private readonly accounts: AccountsRepository,
    private readonly conversations: ConversationsRepository,
    private readonly access: ConversationsService,
    private readonly audit: AuditLog,
  ) {}

  /** Newest first. */
  async exportUsers(by: Administrator, filter: AccountFilter): Promise<Readable> {
    // What was searched for may be a person's number, which has no place in a log that outlives accounts.
    const { q, ...rest } = filter;
    await this.note(by, 'users.export', { ...rest, searched: q !== undefined });
    return toCsv(
      USER_COLUMNS,
      (page) => this.accounts.list(filter, '-created_at', page),
      ({ created_at, id }) => [created_at.toISOString(), id],
    );
  }

  /** Newest first. @throws ForbiddenError where nobody may read what users wrote */
  async exportMessages(by: Administrator, filter: MessageFilter, withContent: boolean): Promise<Readable> {
    if (withContent) this.access.assertContentIsReadable();
    await this.note(by, 'messages.export', { ...filter, content: withContent });
    return toCsv(
      withContent ? [...MESSAGE_COLUMNS, 'content'] : MESSAGE_COLUMNS,
      (page) => this.conversations.listMessages(filter, withContent, page),
      (row) => messageKey(filter, row),
    );
  }

  /** Newest first. */
  async exportAuditLog(by: Administrator, filter: AuditFilter): Promise<Readable> {
    await this.note(by, 'audit_log.export', { ...filter });
    return toCsv(
      AUDIT_COLUMNS,
      (page) => this.audit.list(filter, page),
      ({ created_at, id }) => [created_at.toISOString(), id],
    );
  }

  private async note(by: Administrator, action: AuditAction, filter: Row): Promise<void> {
    await this.audit.record(this.database, by, [{ action, targetId: null, before: null, after: { filter } }]);
  }
}

function toCsv<T extends object>(
  columns: readonly string[],
  list: (page: PageWish) => Promise<T[]>,
  keyOf: (row: T) => readonly string[],
): Readable {
  return Readable.from(write(columns, list, keyOf), { objectMode: false });
}

async function* write<T extends object>(
  columns: readonly string[],
  list: (page: PageWish) => Promise<T[]>,
  keyOf: (row: T) => readonly string[],
): AsyncGenerator<string> {
  yield toLines([columns]);
  for (let after: PageKey = null; ;) {
    const rows: T[] = await list({ after, count: ROWS_AT_A_TIME });
    if (rows.length > 0) yield toLines(rows.map((row) => columns.map((column) => (row as Row)[column])));
    const last = rows.at(-1);
    if (last === undefined || rows.length < ROWS_AT_A_TIME) return;
    after = keyOf(last);
  }
}

const toLines = (rows: readonly (readonly unknown[])[]): string =>
  stringify(
    rows.map((cells) => [...cells]),
    {
      escape_formulas: true,
      record_delimiter: 'windows',
      cast: { boolean: String, date: (date) => date.toISOString() },
    },
  );
