import { Injectable } from '@nestjs/common';
import { newId } from '../../common/ids.js';
import { requestContext } from '../../common/request-context.js';
import { Database, type StatementRunner } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import type { Administrator } from './administrator.js';
import { ListQuery, newestFirst, type PageWish } from './list-query.js';

/** What can be done; each with the sort of thing that it is done to. */
export const AUDIT_ACTIONS = {
  'user.update': 'user',
  'user.end_sessions': 'user',
  'message.retry': 'message',
  'subscription.grant': 'user',
  'subscription.extend': 'user',
  'subscription.revoke': 'user',
  'webhook_event.replay': 'webhook_event',
  'queue.pause': 'queue',
  'queue.resume': 'queue',
  'queue.retry': 'queue',
  'chatrooms.read': 'chatroom',
  'messages.read': 'message',
  'users.export': 'user',
  'messages.export': 'message',
  'audit_log.export': 'audit_log',
} as const;

export type AuditAction = keyof typeof AUDIT_ACTIONS;

/** Ids and fields that say nothing of a person: an entry is kept for more than a year. */
export type AuditedState = Readonly<Record<string, unknown>> | null;

export interface NewAuditEntry {
  readonly action: AuditAction;
  /** Null where there is no single one. */
  readonly targetId: string | null;
  readonly before: AuditedState;
  readonly after: AuditedState;
  readonly reason?: string;
}

export interface AuditEntry {
  readonly id: string;
  readonly actor_id: string;
  /** Null when the account is erased. */
  readonly actor_username: string | null;
  readonly action: string;
  readonly target_type: string;
  readonly target_id: string | null;
  readonly before: AuditedState;
  readonly after: AuditedState;
  readonly reason: string | null;
  readonly ip: string;
  readonly device: string | null;
  readonly request_id: string | null;
  readonly created_at: Date;
}

export interface AuditFilter {
  readonly actorId?: string | undefined;
  readonly action?: string | undefined;
  readonly targetId?: string | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

const insert = statement<never>(
  'audit_log_insert',
  `INSERT INTO audit_log (id, actor_id, action, target_type, target_id, before, after, reason, ip, device, request_id)
   SELECT e.id, $2, e.action, e.target_type, e.target_id, e.before, e.after, e.reason, $3, $4, $5
   FROM jsonb_to_recordset($1::jsonb)
     AS e (id uuid, action text, target_type text, target_id text, before jsonb, after jsonb, reason text)`,
);

const SELECT = `SELECT a.id, a.actor_id, u.username AS actor_username, a.action, a.target_type, a.target_id, a.before, a.after, a.reason, a.ip, a.device,
  a.request_id, a.created_at FROM audit_log a LEFT JOIN users u ON u.id = a.actor_id`;

/** Who did what to what, from where. The database lets nobody change an entry, or delete one before it is old. */
@Injectable()
export class AuditLog {
  constructor(private readonly database: Database) {}

  /** @param on the transaction of the change, so that neither is there without the other */
  async record(on: StatementRunner, { userId, client }: Administrator, entries: readonly NewAuditEntry[]): Promise<void> {
    const rows = entries.map(({ action, targetId, before, after, reason }) => ({
      id: newId(),
      action,
      target_type: AUDIT_ACTIONS[action],
      target_id: targetId,
      before,
      after,
      reason: reason ?? null,
    }));
    await on.run(insert, [JSON.stringify(rows), userId, client.ip, client.device, requestContext.getStore()?.requestId ?? null]);
  }

  /** Newest first. */
  async list({ actorId, action, targetId, from, to }: AuditFilter, page: PageWish): Promise<AuditEntry[]> {
    const query = new ListQuery()
      .where('a.actor_id = ?', actorId)
      .where('a.action = ?', action)
      .where('a.target_id = ?', targetId)
      .where('a.created_at >= ?', from)
      .where('a.created_at < ?', to)
      .page<AuditEntry>(SELECT, newestFirst('a'), 'DESC', page);
    return this.database.run(query.statement, query.values);
  }
}
