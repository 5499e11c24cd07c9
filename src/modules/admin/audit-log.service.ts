import type { PageRequest } from '../../common/http/page.js';
import { Injectable } from '@nestjs/common';
import { newId } from '../../common/ids.js';
import { requestContext } from '../../common/request-context.js';
import type { Transaction } from '../../database/database.js';
import type { Administrator } from './administrator.js';
import { type AuditEntry, type AuditFilter, AuditLogRepository } from './audit-log.repository.js';

/** The actions of administrators, each with the type of its target. */
export const AUDIT_ACTIONS = {
  'user.update': 'user',
  'user.end_sessions': 'user',
  'message.retry': 'message',
  'subscription.grant': 'user',
  'subscription.extend': 'user',
  'subscription.revoke': 'user',
  'subscription.sync': 'user',
  'webhook_event.replay': 'webhook_event',
  'queue.pause': 'queue',
  'queue.resume': 'queue',
  'queue.retry': 'queue',
  'chatrooms.read': 'chatroom',
  'messages.read': 'message',
  'attachment.read': 'attachment',
  'users.export': 'user',
  'messages.export': 'message',
  'feedback.export': 'message',
  'audit_log.export': 'audit_log',
} as const;

export type AuditAction = keyof typeof AUDIT_ACTIONS;

/** Ids and fields that are not personal: an entry is kept for more than a year. */
export type AuditedState = Readonly<Record<string, unknown>> | null;

export interface NewAuditEntry {
  readonly action: AuditAction;
  /** Null where the action has no single target. */
  readonly targetId: string | null;
  readonly before: AuditedState;
  readonly after: AuditedState;
  readonly reason?: string;
}

/**
 * The record of administrators' actions. The database refuses to change an entry, and to delete one before it is old.
 */
@Injectable()
export class AuditLogService {
  constructor(private readonly entries: AuditLogRepository) {}

  /** @param transaction the transaction of the change: neither is committed without the other */
  async recordChanges(by: Administrator, entries: readonly NewAuditEntry[], transaction: Transaction): Promise<void> {
    await this.entries.insert(
      entries.map((entry) => toEntity(by, entry)),
      transaction,
    );
  }

  /** Records that data was read. Call it before the data is sent, so that nothing is read without an entry. */
  async recordReading(by: Administrator, entry: Pick<NewAuditEntry, 'action'> & Partial<NewAuditEntry>): Promise<void> {
    await this.entries.insert([toEntity(by, { targetId: null, before: null, after: null, ...entry })]);
  }

  /** Newest first. */
  list(filter: AuditFilter, page: PageRequest): Promise<AuditEntry[]> {
    return this.entries.list(filter, page);
  }
}

const toEntity = ({ userId, client }: Administrator, { action, targetId, before, after, reason }: NewAuditEntry) => ({
  id: newId(),
  actorId: userId,
  action,
  targetType: AUDIT_ACTIONS[action],
  targetId,
  before,
  after,
  reason: reason ?? null,
  ip: client.ip,
  device: client.device,
  requestId: requestContext.getStore()?.requestId ?? null,
});
