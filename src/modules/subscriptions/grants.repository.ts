import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, Raw, type Repository } from 'typeorm';
import { newId } from '../../common/ids.js';
import type { StatementRunner, Transaction } from '../../database/database.js';
import { columnsOf } from '../../database/entity-columns.js';
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

@Injectable()
export class GrantsRepository {
  constructor(@InjectRepository(GrantEntity) private readonly grants: Repository<GrantEntity>) {}

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
}
