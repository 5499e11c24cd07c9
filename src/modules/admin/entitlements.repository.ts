import type { PageRequest } from '../../common/http/page.js';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { GrantEntity, SubscriptionEntity } from '../subscriptions/index.js';
import { UserEntity } from '../users/index.js';
import { addConditions, addPage, type Conditions, NEWEST_FIRST, selectProperties } from './list-query.js';

/** A subscription at Stripe, or a grant of an administrator. */
export interface Entitlement extends Readonly<Pick<GrantEntity, 'id' | 'userId' | 'createdAt'>> {
  readonly username: string;
  readonly kind: 'stripe' | 'grant';
  /** Stripe's status of a subscription; 'active', 'expired' or 'revoked' for a grant. */
  readonly status: string;
  readonly stripeSubscriptionId?: string;
  /** The end of the time for which it entitles to Pro; null when it does not. */
  readonly entitledUntil: Date | null;
  /** Whether a subscription ends with the paid period. */
  readonly cancelAtPeriodEnd: boolean;
  /** An administrator's reason for a grant. */
  readonly reason?: string;
}

interface OneKindFilter {
  readonly status?: string | undefined;
  readonly userId?: string | undefined;
  readonly username?: string | undefined;
}

export interface EntitlementFilter extends OneKindFilter {
  readonly kind?: Entitlement['kind'] | undefined;
}

const SUBSCRIPTION_CONDITIONS: Conditions<OneKindFilter> = {
  status: 's.status = :status',
  userId: 's.userId = :userId',
  username: 'u.username = :username',
};

/** The end of the paid period while it lasts, as users see it; null for a subscription that entitles to nothing. */
const SUBSCRIPTION_END = `CASE WHEN s.entitledUntil > now()
  THEN least(s.entitledUntil, s.endsAt, CASE WHEN s.currentPeriodEnd > now() THEN s.currentPeriodEnd END) END`;
const GRANT_STATUS = `CASE WHEN g.revokedAt IS NOT NULL THEN 'revoked' WHEN g.entitledUntil > now() THEN 'active' ELSE 'expired' END`;

const GRANT_CONDITIONS: Conditions<OneKindFilter> = {
  status: `${GRANT_STATUS} = :status`,
  userId: 'g.userId = :userId',
  username: 'u.username = :username',
};

/** Reads the subscriptions and grants that users are entitled by. */
@Injectable()
export class EntitlementsRepository {
  constructor(
    @InjectRepository(SubscriptionEntity) private readonly subscriptions: Repository<SubscriptionEntity>,
    @InjectRepository(GrantEntity) private readonly grants: Repository<GrantEntity>,
  ) {}

  /** Newest first: a page of each kind, merged. */
  async list({ kind, ...filter }: EntitlementFilter, page: PageRequest): Promise<Entitlement[]> {
    const [subscriptions, grants] = await Promise.all([
      kind === 'grant' ? [] : this.listSubscriptions(filter, page),
      kind === 'stripe' ? [] : this.listGrants(filter, page),
    ]);
    return [...subscriptions, ...grants].sort(compareNewestFirst).slice(0, page.count);
  }

  private listSubscriptions(filter: OneKindFilter, page: PageRequest): Promise<Entitlement[]> {
    const properties = ['id', 'userId', 'status', 'stripeSubscriptionId', 'createdAt'] as const;
    const query = selectProperties(this.subscriptions.createQueryBuilder('s'), properties)
      .addSelect(`'stripe'`, 'kind')
      .addSelect(SUBSCRIPTION_END, 'entitledUntil')
      .addSelect('coalesce(s.entitledUntil > now() AND s.endsAt IS NOT NULL, false)', 'cancelAtPeriodEnd')
      .innerJoin(UserEntity, 'u', 'u.id = s.userId')
      .addSelect('u.username', 'username');
    return addPage(addConditions(query, SUBSCRIPTION_CONDITIONS, filter), NEWEST_FIRST, page).getRawMany<Entitlement>();
  }

  private listGrants(filter: OneKindFilter, page: PageRequest): Promise<Entitlement[]> {
    const query = selectProperties(this.grants.createQueryBuilder('g'), ['id', 'userId', 'reason', 'createdAt'])
      .addSelect(`'grant'`, 'kind')
      .addSelect('false', 'cancelAtPeriodEnd')
      .addSelect(GRANT_STATUS, 'status')
      .addSelect('CASE WHEN g.revokedAt IS NULL AND g.entitledUntil > now() THEN g.entitledUntil END', 'entitledUntil')
      .innerJoin(UserEntity, 'u', 'u.id = g.userId')
      .addSelect('u.username', 'username');
    return addPage(addConditions(query, GRANT_CONDITIONS, filter), NEWEST_FIRST, page).getRawMany<Entitlement>();
  }
}

/** Compares as PostgreSQL orders times and ids. */
const compareNewestFirst = (a: Entitlement, b: Entitlement): number =>
  b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1);
