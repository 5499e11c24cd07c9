import type { PageRequest } from '../../common/http/page.js';
import { Injectable } from '@nestjs/common';
import type { Role } from '../../common/actor.js';
import { NotFoundError } from '../../common/errors/common.errors.js';
import { logSecurityEvent } from '../../common/logging/security-log.js';
import { Database } from '../../database/database.js';
import { OtpService, SessionsService } from '../auth/index.js';
import { type SubscriptionStatus, SubscriptionsService } from '../subscriptions/index.js';
import { UsersService } from '../users/index.js';
import type { Administrator } from './administrator.js';
import { type Account, type AccountFilter, type AccountSort, type AccountStats, AdminUsersRepository } from './admin-users.repository.js';
import { AuditLogService } from './audit-log.service.js';

/** Live sessions that the details of an account show. */
const SESSIONS_SHOWN = 50;

export interface AccountDetails {
  readonly account: Account;
  readonly stats: AccountStats;
  readonly subscription: SubscriptionStatus;
  readonly sessions: Awaited<ReturnType<SessionsService['list']>>;
}

/** Lists users and changes their accounts. */
@Injectable()
export class AdminUsersService {
  constructor(
    private readonly database: Database,
    private readonly accounts: AdminUsersRepository,
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly codes: OtpService,
    private readonly subscriptions: SubscriptionsService,
    private readonly auditLog: AuditLogService,
  ) {}

  listAccounts(filter: AccountFilter, sort: AccountSort, page: PageRequest): Promise<Account[]> {
    return this.accounts.list(filter, sort, page);
  }

  /** @throws NotFoundError */
  async getAccount(userId: string): Promise<AccountDetails> {
    const [account, stats, subscription, sessions] = await Promise.all([
      this.accounts.find(userId),
      this.accounts.findStats(userId),
      this.subscriptions.getStatus(userId),
      this.sessions.list({ userId }, { after: null, limit: SESSIONS_SHOWN }),
    ]);
    if (!account || !stats) throw new NotFoundError();
    return { account, stats, subscription, sessions: sessions.slice(0, SESSIONS_SHOWN) };
  }

  /**
   * Changes the role of an account, and disables or enables it. Each change ends the account's sessions and codes: a
   * session does not record how its user signed in, and nothing of a disabled account may become valid again. Enabling
   * ends them too, because an earlier release left them when it disabled an account.
   *
   * @throws NotFoundError, AdministratorUnverifiedError, LastAdministratorError
   */
  async updateAccount(
    by: Administrator,
    { userId, ...changes }: { readonly userId: string; readonly role?: Role; readonly isDisabled?: boolean },
  ): Promise<AccountDetails> {
    await this.database.transaction(async (transaction) => {
      const { before, after } = await this.users.changeAccess(transaction, userId, changes);
      if (before === after) return;
      await this.codes.consumeAll(transaction, userId);
      await this.sessions.endAll(transaction, { userId, by: by.userId });
      const entry = {
        action: 'user.update',
        targetId: userId,
        before: { role: before.role, disabled: before.isDisabled },
        after: { role: after.role, disabled: after.isDisabled },
      } as const;
      await this.auditLog.recordChanges(by, [entry], transaction);
      const who = { user_id: userId, by: by.userId };
      if (before.role !== after.role) logSecurityEvent('role_changed', { ...who, from: before.role, to: after.role }, transaction);
      if (before.isDisabled !== after.isDisabled)
        logSecurityEvent(after.isDisabled ? 'account_disabled' : 'account_enabled', who, transaction);
    });
    return this.getAccount(userId);
  }

  /** Signs the user out everywhere. @throws NotFoundError */
  async endSessions(by: Administrator, { userId }: { readonly userId: string }): Promise<void> {
    await this.database.transaction(async (transaction) => {
      if (!(await this.users.lock(transaction, userId))) throw new NotFoundError();
      const ended = await this.sessions.endAll(transaction, { userId, by: by.userId });
      if (ended === 0) return;
      const entry = {
        action: 'user.end_sessions',
        targetId: userId,
        before: { live_sessions: ended },
        after: { live_sessions: 0 },
      } as const;
      await this.auditLog.recordChanges(by, [entry], transaction);
    });
  }
}
