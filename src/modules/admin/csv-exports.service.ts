import { Readable } from 'node:stream';
import { Injectable, Logger } from '@nestjs/common';
import { stringify } from 'csv-stringify/sync';
import { ForbiddenError } from '../../common/errors/common.errors.js';
import { Database } from '../../database/database.js';
import { SessionsService } from '../auth/index.js';
import { type AccountFilter, AccountsRepository } from './accounts.repository.js';
import type { Administrator } from './administrator.js';
import { type AuditAction, type AuditFilter, AuditLog } from './audit-log.js';
import { ConversationsRepository, type MessageFilter, messageKey } from './conversations.repository.js';
import { ConversationsService } from './conversations.service.js';
import type { PageKey, PageWish } from './list-query.js';

const ROWS_AT_A_TIME = 1_000;
/** A text may have 32,000 code points. */
const TEXTS_AT_A_TIME = 100;

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
 * Lists as CSV (RFC 4180), a page of rows in memory at a time, read as fast as the client takes them. What fails on the way cuts the answer short,
 * and so does the end of the session or of the role. Each export is noted in the audit log.
 */
@Injectable()
export class CsvExportsService {
  private readonly logger = new Logger(CsvExportsService.name);

  constructor(
    private readonly database: Database,
    private readonly accounts: AccountsRepository,
    private readonly conversations: ConversationsRepository,
    private readonly access: ConversationsService,
    private readonly sessions: SessionsService,
    private readonly audit: AuditLog,
  ) {}

  /** Newest first. */
  async exportUsers(by: Administrator, filter: AccountFilter): Promise<Readable> {
    // What was searched for may be a person's number, which has no place in a log that outlives accounts.
    const { q, ...rest } = filter;
    await this.note(by, 'users.export', { ...rest, searched: q !== undefined });
    return this.toCsv(
      by,
      USER_COLUMNS,
      (page) => this.accounts.list(filter, '-created_at', page),
      ({ created_at, id }) => [created_at.toISOString(), id],
    );
  }

  /** Newest first. @throws ForbiddenError where nobody may read what users wrote */
  async exportMessages(by: Administrator, filter: MessageFilter, withContent: boolean): Promise<Readable> {
    if (withContent) this.access.assertContentIsReadable();
    await this.note(by, 'messages.export', { ...filter, content: withContent });
    return this.toCsv(
      by,
      withContent ? [...MESSAGE_COLUMNS, 'content'] : MESSAGE_COLUMNS,
      (page) => this.conversations.listMessages(filter, withContent, page),
      (row) => messageKey(filter, row),
      withContent ? TEXTS_AT_A_TIME : ROWS_AT_A_TIME,
    );
  }

  /** Newest first. */
  async exportAuditLog(by: Administrator, filter: AuditFilter): Promise<Readable> {
    await this.note(by, 'audit_log.export', { ...filter });
    return this.toCsv(
      by,
      AUDIT_COLUMNS,
      (page) => this.audit.list(filter, page),
      ({ created_at, id }) => [created_at.toISOString(), id],
    );
  }

  private async note(by: Administrator, action: AuditAction, filter: Row): Promise<void> {
    await this.audit.record(this.database, by, [{ action, targetId: null, before: null, after: { filter } }]);
  }

  private toCsv<T extends object>(
    by: Administrator,
    columns: readonly string[],
    list: (page: PageWish) => Promise<T[]>,
    keyOf: (row: T) => readonly string[],
    rowsAtATime = ROWS_AT_A_TIME,
  ): Readable {
    const listForOneWhoMay = async (page: PageWish) => {
      // The guard has let the request in; a long answer outlives that.
      if (page.after !== null) await this.assertIsAdministrator(by);
      return list(page);
    };
    const rows = Readable.from(write(columns, listForOneWhoMay, keyOf, rowsAtATime), { objectMode: false });
    // The answer has begun, so no client can be told why it ends.
    return rows.on('error', (error) => {
      this.logger.warn(`an export was cut short: ${String(error)}`);
    });
  }

  /** @throws SessionEndedError, AccountDisabledError, ForbiddenError */
  private async assertIsAdministrator(by: Administrator): Promise<void> {
    const { role } = await this.sessions.getActor(by);
    if (role !== 'admin') throw new ForbiddenError();
  }
}

async function* write<T extends object>(
  columns: readonly string[],
  list: (page: PageWish) => Promise<T[]>,
  keyOf: (row: T) => readonly string[],
  count: number,
): AsyncGenerator<string> {
  yield toLines([columns]);
  for (let after: PageKey = null; ;) {
    const rows: T[] = await list({ after, count });
    if (rows.length > 0) yield toLines(rows.map((row) => columns.map((column) => (row as Row)[column])));
    const last = rows.at(-1);
    if (last === undefined || rows.length < count) return;
    after = keyOf(last);
  }
}

const toLines = (rows: readonly (readonly unknown[])[]): string =>
  stringify(
    rows.map((cells) => cells.map(toCell)),
    // By itself it quotes only what holds the whole of the delimiter.
    { record_delimiter: 'windows', quoted_match: /[\r\n]/ },
  );

function toCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  return defused(typeof value === 'string' ? value : JSON.stringify(value));
}

/**
 * Puts an apostrophe before what a spreadsheet would take for a formula: at the beginning of a cell, and wherever one would begin in the eyes of a
 * program that separates by something else than commas, and so knows nothing of our quotes (https://owasp.org/www-community/attacks/CSV_Injection).
 */
const defused = (text: string): string => text.replace(/(^|[\r\n\t",;])(?=[=+\-@\t\r＝＋－＠])/g, "$1'");
