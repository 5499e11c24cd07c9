import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { stringify } from 'csv-stringify/sync';
import { type Account, type AccountFilter, accountKey, AdminUsersRepository } from './admin-users.repository.js';
import type { Administrator } from './administrator.js';
import type { AuditEntry, AuditFilter } from './audit-log.repository.js';
import { AuditLogService } from './audit-log.service.js';
import { ConversationsRepository, type MessageFilter, messageKey, type MessageRecord } from './conversations.repository.js';
import { ConversationsService } from './conversations.service.js';
import { type ExportedList, ExportedListsService } from './exported-lists.service.js';

const ROWS_AT_A_TIME = 1_000;
/** A text may have 32,000 code points. */
const TEXTS_AT_A_TIME = 100;

/** The columns of a file, in order: name and property of the row. */
type CsvColumns<Row> = Readonly<Record<string, keyof Row & string>>;

const USER_COLUMNS: CsvColumns<Account> = {
  id: 'id',
  username: 'username',
  email: 'email',
  mobile_number: 'mobileNumber',
  is_verified: 'isVerified',
  has_password: 'hasPassword',
  role: 'role',
  plan: 'plan',
  disabled_at: 'disabledAt',
  created_at: 'createdAt',
};

const MESSAGE_COLUMNS: CsvColumns<MessageRecord> = {
  id: 'id',
  chatroom_id: 'chatroomId',
  user_id: 'userId',
  role: 'role',
  status: 'status',
  model: 'model',
  attempt: 'attempt',
  finish_reason: 'finishReason',
  error_code: 'errorCode',
  input_tokens: 'inputTokens',
  output_tokens: 'outputTokens',
  reasoning_tokens: 'reasoningTokens',
  total_tokens: 'totalTokens',
  created_at: 'createdAt',
  first_token_at: 'firstTokenAt',
  completed_at: 'completedAt',
  first_thought_at: 'firstThoughtAt',
};

const AUDIT_COLUMNS: CsvColumns<AuditEntry> = {
  id: 'id',
  created_at: 'createdAt',
  actor_id: 'actorId',
  actor_username: 'actorUsername',
  action: 'action',
  target_type: 'targetType',
  target_id: 'targetId',
  before: 'before',
  after: 'after',
  reason: 'reason',
  ip: 'ip',
  device: 'device',
  request_id: 'requestId',
};

/** Exports lists as CSV (RFC 4180). The audit log records each export. */
@Injectable()
export class CsvExportsService {
  constructor(
    private readonly accounts: AdminUsersRepository,
    private readonly conversations: ConversationsRepository,
    private readonly access: ConversationsService,
    private readonly lists: ExportedListsService,
    private readonly auditLog: AuditLogService,
  ) {}

  /** Newest first. */
  async exportUsers(by: Administrator, filter: AccountFilter): Promise<Readable> {
    // A search may contain a person's number, and the audit log outlives accounts.
    const { q, ...rest } = filter;
    await this.auditLog.recordReading(by, { action: 'users.export', after: { filter: { ...rest, searched: q !== undefined } } });
    return this.toCsv(by, {
      columns: USER_COLUMNS,
      list: (page) => this.accounts.list(filter, '-created_at', page),
      keyOf: (row) => accountKey('-created_at', row),
    });
  }

  /** Newest first. @throws ForbiddenError for content, where the setting does not let administrators read it */
  async exportMessages(
    by: Administrator,
    { filter, withContent }: { readonly filter: MessageFilter; readonly withContent: boolean },
  ): Promise<Readable> {
    if (withContent) this.access.assertContentIsReadable();
    await this.auditLog.recordReading(by, {
      action: 'messages.export',
      after: { filter: { ...withoutNames(filter), content: withContent } },
    });
    return this.toCsv(by, {
      columns: withContent ? { ...MESSAGE_COLUMNS, content: 'content' } : MESSAGE_COLUMNS,
      list: (page) => this.conversations.listMessages(filter, withContent, page),
      keyOf: (row) => messageKey(filter, row),
      rowsAtATime: withContent ? TEXTS_AT_A_TIME : ROWS_AT_A_TIME,
    });
  }

  /** Newest first. */
  async exportAuditLog(by: Administrator, filter: AuditFilter): Promise<Readable> {
    await this.auditLog.recordReading(by, { action: 'audit_log.export', after: { filter: withoutNames(filter) } });
    return this.toCsv(by, {
      columns: AUDIT_COLUMNS,
      list: (page) => this.auditLog.list(filter, page),
      keyOf: ({ createdAt, id }) => [createdAt.toISOString(), id],
    });
  }

  private toCsv<Row extends object>(by: Administrator, { columns, ...list }: CsvSource<Row>): Readable {
    const toText = (rows: readonly Row[]) => toLines(rows.map((row) => Object.values(columns).map((property) => row[property])));
    return this.lists.toText(by, { rowsAtATime: ROWS_AT_A_TIME, ...list }, toText, toLines([Object.keys(columns)]));
  }
}

/** The filter without names of users, because the audit log outlives accounts. */
function withoutNames(filter: object): object {
  const fields = (Object.entries(filter) as [string, unknown][]).filter(([, value]) => value !== undefined);
  const kept = fields.filter(([field]) => !/username$/i.test(field));
  return { ...Object.fromEntries(kept), ...(kept.length < fields.length ? { searched: true } : {}) };
}

interface CsvSource<Row> extends Omit<ExportedList<Row>, 'rowsAtATime'> {
  readonly columns: CsvColumns<Row>;
  readonly rowsAtATime?: number;
}

const toLines = (rows: readonly (readonly unknown[])[]): string =>
  stringify(
    rows.map((cells) => cells.map(toCell)),
    // csv-stringify quotes a cell by itself only if it contains the whole of the record delimiter.
    { record_delimiter: 'windows', quoted_match: /[\r\n]/ },
  );

function toCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  return defused(typeof value === 'string' ? value : JSON.stringify(value));
}

/**
 * Puts an apostrophe before the beginning of a formula (https://owasp.org/www-community/attacks/CSV_Injection): at the
 * beginning of a cell, and wherever a cell would begin in a program that separates by other characters than commas and
 * ignores our quotes.
 */
const defused = (text: string): string => text.replace(/(^|[\r\n\t",;])(?=[=+\-@\t\r＝＋－＠])/g, "$1'");
