import type { PageRequest } from '../../common/http/page.js';
import { Injectable } from '@nestjs/common';
import { Database, type Transaction } from '../../database/database.js';
import { type OverdueCustomer, OverdueCustomersRepository, SubscriptionSyncService } from '../billing/index.js';
import { type Grant, type GrantChange, GrantsService, type SubscriptionStatus, SubscriptionsService } from '../subscriptions/index.js';
import type { Administrator } from './administrator.js';
import { type AuditAction, AuditLogService } from './audit-log.service.js';
import { type Entitlement, type EntitlementFilter, EntitlementsRepository } from './entitlements.repository.js';

export interface RevokeInput {
  readonly userId: string;
  readonly reason: string;
}

export interface GrantInput extends RevokeInput {
  readonly until: Date;
}

/** Sync runs are repeated within a minute as long as Stripe answers. */
const LATE_MS = 600_000;

/** Grants and revokes Pro on an administrator's word. What is paid for at Stripe stays as it is. */
@Injectable()
export class EntitlementsService {
  constructor(
    private readonly database: Database,
    private readonly entitlements: EntitlementsRepository,
    private readonly grants: GrantsService,
    private readonly subscriptions: SubscriptionsService,
    private readonly syncs: SubscriptionSyncService,
    private readonly overdue: OverdueCustomersRepository,
    private readonly auditLog: AuditLogService,
  ) {}

  /** Newest first. */
  list(filter: EntitlementFilter, page: PageRequest): Promise<Entitlement[]> {
    return this.entitlements.list(filter, page);
  }

  /** Customers at Stripe whose sync run is late, the latest first. */
  listOverdue(page: PageRequest): Promise<OverdueCustomer[]> {
    return this.overdue.list(LATE_MS, page);
  }

  /** @throws NotFoundError */
  async grant(by: Administrator, input: GrantInput): Promise<SubscriptionStatus> {
    return this.change(by, 'subscription.grant', input, (transaction) => this.grants.grant(transaction, { ...input, actorId: by.userId }));
  }

  /** @throws NotFoundError, NoGrantError */
  async extend(by: Administrator, input: GrantInput): Promise<SubscriptionStatus> {
    return this.change(by, 'subscription.extend', input, (transaction) =>
      this.grants.extend(transaction, { ...input, actorId: by.userId }),
    );
  }

  /** @throws NotFoundError */
  async revoke(by: Administrator, input: RevokeInput): Promise<SubscriptionStatus> {
    return this.change(by, 'subscription.revoke', input, (transaction) =>
      this.grants.revoke(transaction, { ...input, actorId: by.userId }),
    );
  }

  /**
   * Reads a user's subscriptions from Stripe now. A user who never opened a payment page has none to read.
   *
   * @throws NotFoundError, BillingUnavailableError, StripeRefusalError
   */
  async sync(by: Administrator, { userId }: { readonly userId: string }): Promise<SubscriptionStatus> {
    await this.subscriptions.getStatus(userId);
    const entry = { action: 'subscription.sync', targetId: userId, before: null, after: null } as const;
    await this.database.transaction((transaction) => this.auditLog.recordChanges(by, [entry], transaction));
    await this.syncs.sync(userId, { maxAgeMs: 0 });
    return this.subscriptions.getStatus(userId);
  }

  private async change(
    by: Administrator,
    action: AuditAction,
    { userId, reason }: RevokeInput,
    work: (transaction: Transaction) => Promise<GrantChange>,
  ): Promise<SubscriptionStatus> {
    await this.database.transaction(async (transaction) => {
      const { before, after } = await work(transaction);
      if (before === after) return;
      const entry = { action, targetId: userId, before: before && toState(before), after: after && toState(after), reason };
      await this.auditLog.recordChanges(by, [entry], transaction);
    });
    return this.subscriptions.getStatus(userId);
  }
}

const toState = ({ id, entitledUntil, revokedAt }: Grant) => ({ grant_id: id, entitled_until: entitledUntil, revoked_at: revokedAt });
