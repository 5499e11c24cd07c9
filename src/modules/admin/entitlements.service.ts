import { Injectable } from '@nestjs/common';
import { Database, type Transaction } from '../../database/database.js';
import { type Grant, type GrantChange, GrantsService, type SubscriptionStatus, SubscriptionsService } from '../subscriptions/index.js';
import type { Administrator } from './administrator.js';
import { type AuditAction, AuditLog } from './audit-log.js';

export interface GrantWish {
  readonly until: Date;
  readonly reason: string;
}

/** Pro as administrators give and take it; what Stripe is paid for stays Stripe's. */
@Injectable()
export class EntitlementsService {
  constructor(
    private readonly database: Database,
    private readonly grants: GrantsService,
    private readonly subscriptions: SubscriptionsService,
    private readonly audit: AuditLog,
  ) {}

  /** @throws NotFoundError */
  async grant(by: Administrator, userId: string, wish: GrantWish): Promise<SubscriptionStatus> {
    return this.change(by, 'subscription.grant', userId, wish.reason, (on) =>
      this.grants.grant(on, { ...wish, userId, actorId: by.userId }),
    );
  }

  /** @throws NotFoundError, NoGrantError */
  async extend(by: Administrator, userId: string, wish: GrantWish): Promise<SubscriptionStatus> {
    return this.change(by, 'subscription.extend', userId, wish.reason, (on) =>
      this.grants.extend(on, { ...wish, userId, actorId: by.userId }),
    );
  }

  /** @throws NotFoundError */
  async revoke(by: Administrator, userId: string, reason: string): Promise<SubscriptionStatus> {
    return this.change(by, 'subscription.revoke', userId, reason, (on) => this.grants.revoke(on, { userId, reason, actorId: by.userId }));
  }

  private async change(
    by: Administrator,
    action: AuditAction,
    userId: string,
    reason: string,
    work: (on: Transaction) => Promise<GrantChange>,
  ): Promise<SubscriptionStatus> {
    await this.database.transaction(async (transaction) => {
      const { before, after } = await work(transaction);
      if (before === after) return;
      await this.audit.record(transaction, by, [
        { action, targetId: userId, before: before && toState(before), after: after && toState(after), reason },
      ]);
    });
    return this.subscriptions.getStatus(userId);
  }
}

const toState = ({ id, entitledUntil, revokedAt }: Grant) => ({ grant_id: id, entitled_until: entitledUntil, revoked_at: revokedAt });
