import { Injectable } from '@nestjs/common';
import type { Role } from '../../common/actor.js';
import { NotFoundError } from '../../common/errors/common.errors.js';
import { Database } from '../../database/database.js';
import { OtpService, SessionsService } from '../auth/index.js';
import { type SubscriptionStatus, SubscriptionsService } from '../subscriptions/index.js';
import { UsersService } from '../users/index.js';
import { type Account, type AccountFigures, AccountsRepository } from './accounts.repository.js';
import type { Administrator } from './administrator.js';
import { AuditLog } from './audit-log.js';

/** Live sessions that the details of an account show. */
const SESSIONS_SHOWN = 50;

export interface AccountDetails {
  readonly account: Account;
  readonly figures: AccountFigures;
  readonly subscription: SubscriptionStatus;
  readonly sessions: Awaited<ReturnType<SessionsService['list']>>;
}

/** What administrators do to accounts. */
@Injectable()
export class AccountsService {
  constructor(
    private readonly database: Database,
    private readonly accounts: AccountsRepository,
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly codes: OtpService,
    private readonly subscriptions: SubscriptionsService,
    private readonly audit: AuditLog,
  ) {}

  /** @throws NotFoundError */
  async getAccount(userId: string): Promise<AccountDetails> {
    const [account, figures, subscription, sessions] = await Promise.all([
      this.accounts.find(userId),
      this.accounts.figuresOf(userId),
      this.subscriptions.getStatus(userId),
      this.sessions.list({ userId }, { after: null, limit: SESSIONS_SHOWN }),
    ]);
    if (!account || !figures) throw new NotFoundError();
    return { account, figures, subscription, sessions: sessions.slice(0, SESSIONS_SHOWN) };
  }

  /**
   * Gives or takes the role, closes or opens the account. Its sessions and codes end with the change: a session says nothing of how somebody has
   * signed in, and of one who was shut out nothing may come back to life. That is why opening an account ends them too: an earlier release left them.
   *
   * @throws NotFoundError, AdministratorUnverifiedError, LastAdministratorError
   */
  async updateAccount(
    by: Administrator,
    userId: string,
    changes: { readonly role?: Role; readonly isDisabled?: boolean },
  ): Promise<AccountDetails> {
    await this.database.transaction(async (transaction) => {
      const { before, after } = await this.users.changeAccess(transaction, userId, changes);
      if (before === after) return;
      await this.codes.consumeAll(transaction, userId);
      await this.sessions.endAll(userId, transaction);
      await this.audit.record(transaction, by, [
        {
          action: 'user.update',
          targetId: userId,
          before: { role: before.role, disabled: before.isDisabled },
          after: { role: after.role, disabled: after.isDisabled },
        },
      ]);
    });
    return this.getAccount(userId);
  }

  /** Signs the account out everywhere. @throws NotFoundError */
  async endSessions(by: Administrator, userId: string): Promise<void> {
    await this.database.transaction(async (transaction) => {
      if (!(await this.users.lock(transaction, userId))) throw new NotFoundError();
      const ended = await this.sessions.endAll(userId, transaction);
      if (ended === 0) return;
      await this.audit.record(transaction, by, [
        { action: 'user.end_sessions', targetId: userId, before: { live_sessions: ended }, after: { live_sessions: 0 } },
      ]);
    });
  }
}
