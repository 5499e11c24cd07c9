import type { PageRequest } from '../../common/http/page.js';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import type { Transaction } from '../../database/database.js';
import { UserEntity } from '../users/index.js';
import { AuditEntryEntity } from './audit-entry.entity.js';
import { addConditions, addPage, type Conditions, NEWEST_FIRST, selectProperties } from './list-query.js';

export interface AuditEntry extends Readonly<AuditEntryEntity> {
  /** Null when the account is erased. */
  readonly actorUsername: string | null;
}

export interface AuditFilter {
  readonly actorId?: string | undefined;
  readonly action?: string | undefined;
  readonly targetId?: string | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

const CONDITIONS: Conditions<AuditFilter> = {
  actorId: 'a.actorId = :actorId',
  action: 'a.action = :action',
  targetId: 'a.targetId = :targetId',
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
  constructor(@InjectRepository(AuditEntryEntity) private readonly entries: Repository<AuditEntryEntity>) {}

  async insert(entries: readonly Omit<AuditEntryEntity, 'createdAt'>[], transaction?: Transaction): Promise<void> {
    await (transaction?.manager.withRepository(this.entries) ?? this.entries).insert([...entries]);
  }

  /** Newest first. */
  list(filter: AuditFilter, page: PageRequest): Promise<AuditEntry[]> {
    const query = selectProperties(this.entries.createQueryBuilder('a'), PROPERTIES)
      .addSelect('u.username', 'actorUsername')
      .leftJoin(UserEntity, 'u', 'u.id = a.actorId');
    return addPage(addConditions(query, CONDITIONS, filter), NEWEST_FIRST, page).getRawMany<AuditEntry>();
  }
}
