import type { PageRequest } from '../../common/http/page.js';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import type { Transaction } from '../../database/database.js';
import { UserEntity } from '../users/index.js';
import { AuditEntryEntity } from './audit-entry.entity.js';
import { addConditions, addPage, type Conditions, idOfUser, nameOfUser, NEWEST_FIRST, selectProperties } from './list-query.js';

export interface AuditEntry extends Readonly<AuditEntryEntity> {
  /** Null when the account is erased. */
  readonly actorUsername: string | null;
  /** Null for a target that is no user, and when the account is erased. */
  readonly targetUsername: string | null;
}

export interface AuditFilter {
  readonly actorId?: string | undefined;
  readonly actorUsername?: string | undefined;
  readonly action?: string | undefined;
  readonly targetId?: string | undefined;
  readonly targetUsername?: string | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

const CONDITIONS: Conditions<Omit<AuditFilter, 'actorUsername'>> = {
  actorId: 'a.actorId = :actorId',
  action: 'a.action = :action',
  targetId: 'a.targetId = :targetId',
  targetUsername: `a.targetId = ${idOfUser('targetUsername')}::text`,
  from: 'a.createdAt >= :from',
  to: 'a.createdAt < :to',
};

const PROPERTIES = [
  'id',
  'actorId',
  'action',
  'targetType',
  'targetId',
  'before',
  'after',
  'reason',
  'ip',
  'device',
  'requestId',
  'createdAt',
] as const satisfies readonly (keyof AuditEntryEntity)[];

@Injectable()
export class AuditLogRepository {
  constructor(
    @InjectRepository(AuditEntryEntity) private readonly entries: Repository<AuditEntryEntity>,
    @InjectRepository(UserEntity) private readonly users: Repository<UserEntity>,
  ) {}

  async insert(entries: readonly Omit<AuditEntryEntity, 'createdAt'>[], transaction?: Transaction): Promise<void> {
    await (transaction?.manager.withRepository(this.entries) ?? this.entries).insert([...entries]);
  }

  /** Newest first. */
  async list({ actorUsername, ...filter }: AuditFilter, page: PageRequest): Promise<AuditEntry[]> {
    const query = selectProperties(this.entries.createQueryBuilder('a'), PROPERTIES)
      .addSelect('u.username', 'actorUsername')
      .addSelect(`CASE WHEN a.targetType = 'user' THEN ${nameOfUser('CAST(a.targetId AS uuid)')} END`, 'targetUsername')
      .leftJoin(UserEntity, 'u', 'u.id = a.actorId');
    if (actorUsername !== undefined) {
      // PostgreSQL has to know the id to choose an index: most entries are of an administrator, or none.
      const actor = await this.users.findOne({ select: { id: true }, where: { username: actorUsername } });
      if (actor === null) return [];
      query.andWhere('a.actorId = :namedActorId', { namedActorId: actor.id });
    }
    return addPage(addConditions(query, CONDITIONS, filter), NEWEST_FIRST, page).getRawMany<AuditEntry>();
  }
}
