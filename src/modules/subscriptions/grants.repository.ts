import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, Raw, type Repository } from 'typeorm';
import { newId } from '../../common/ids.js';
import { Database, type StatementRunner, type Transaction } from '../../database/database.js';
import { columnsOf } from '../../database/entity-columns.js';
import type { RowOf } from '../../database/sql-types.js';
import { statement } from '../../database/statement.js';
import { GrantEntity } from './grant.entity.js';

export type Grant = Readonly<Pick<GrantEntity, 'id' | 'entitledUntil' | 'reason' | 'createdAt' | 'revokedAt'>>;

const GRANT = columnsOf(GrantEntity, ['id', 'entitledUntil', 'reason', 'createdAt', 'revokedAt']);

// Serialises changes to one user's grants. Rows that only refer to the user are not blocked.
const lockUser = statement({
  name: 'grants_lock_user',
  parameters: { user_id: 'uuid' },
  columns: { id: 'uuid' },
  text: `SELECT id FROM users WHERE id = :user_id FOR NO KEY UPDATE`,
});

// It is one statement, so that every live grant ends at the same time, by the clock of the database.
const revoke = statement({
  name: 'grants_revoke',
  parameters: { user_id: 'uuid' },
  columns: GRANT.columns,
  text: `UPDATE grants SET revoked_at = now() WHERE user_id = :user_id AND revoked_at IS NULL AND entitled_until > now()
   RETURNING ${GRANT.sql()}`,
});

const ENDED_GRANT = { id: 'uuid', mobileNumber: 'text', email: 'text?', isOwed: 'bool' } as const;

/** A grant that has ended by its time. The user is owed a notice unless disabled or on the Pro plan otherwise. */
export type EndedGrant = RowOf<typeof ENDED_GRANT>;

// The claim and the time of the next one are one statement, and rows that another worker claims are skipped: so a grant
// has one worker until that time, and is not lost when that worker dies.
const claimEnded = statement({
  name: 'grants_claim_ended',
  parameters: { limit: 'int8', retry_ms: 'float8', give_up_ms: 'float8' },
  columns: ENDED_GRANT,
  text: `WITH ended AS (
     SELECT id FROM grants
     WHERE entitled_until BETWEEN now() - :give_up_ms * interval '1 millisecond' AND now()
       AND revoked_at IS NULL AND end_noted_at IS NULL AND (end_notice_due_at IS NULL OR end_notice_due_at <= now())
     ORDER BY entitled_until, id LIMIT :limit FOR UPDATE SKIP LOCKED
   )
   UPDATE grants g SET end_notice_due_at = now() + :retry_ms * interval '1 millisecond'
   FROM ended, users u, user_plans p
   WHERE g.id = ended.id AND u.id = g.user_id AND p.user_id = g.user_id
   RETURNING g.id, u.mobile_number AS "mobileNumber", u.email, u.disabled_at IS NULL AND p.plan = 'basic' AS "isOwed"`,
});

@Injectable()
export class GrantsRepository {
  constructor(
    private readonly database: Database,
    @InjectRepository(GrantEntity) private readonly grants: Repository<GrantEntity>,
  ) {}

  /** @returns false for an unknown user */
  async lockUser(on: StatementRunner, userId: string): Promise<boolean> {
    return (await on.run(lockUser, { user_id: userId })).length > 0;
  }

  /** The live grant that lasts longest. */
  findLive(transaction: Transaction, userId: string): Promise<Grant | null> {
    return transaction.manager.withRepository(this.grants).findOne({
      where: { userId, revokedAt: IsNull(), entitledUntil: Raw((column) => `${column} > now()`) },
      order: { entitledUntil: 'DESC' },
    });
  }

  async insert(transaction: Transaction, input: Pick<GrantEntity, 'userId' | 'entitledUntil' | 'reason'>): Promise<Grant> {
    const grant = this.grants.create({ id: newId(), revokedAt: null, ...input });
    // TypeORM sets what the database filled in, here the time of creation.
    await transaction.manager.withRepository(this.grants).insert(grant);
    return grant;
  }

  /** Sets the end of a grant that the caller's transaction has locked. */
  async prolong(transaction: Transaction, grant: Grant, entitledUntil: Date): Promise<Grant> {
    const { affected } = await transaction.manager.withRepository(this.grants).update({ id: grant.id }, { entitledUntil });
    if (affected !== 1) throw new Error('a locked grant was not updated');
    return { ...grant, entitledUntil };
  }

  /** Ends every live grant of a user. */
  revoke(on: StatementRunner, userId: string): Promise<Grant[]> {
    return on.run(revoke, { user_id: userId });
  }

  /**
   * Grants that ended by their time, within `giveUpMs`, and whose users were not told. Those that are not noted with
   * `noteEnd` are claimed again after `retryMs`.
   */
  claimEnded({ limit, retryMs, giveUpMs }: { limit: number; retryMs: number; giveUpMs: number }): Promise<EndedGrant[]> {
    return this.database.run(claimEnded, { limit, retry_ms: retryMs, give_up_ms: giveUpMs });
  }

  async noteEnd(id: string): Promise<void> {
    await this.grants.update({ id }, { endNotedAt: () => 'now()' });
  }
}
