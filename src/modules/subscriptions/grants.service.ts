import { Injectable } from '@nestjs/common';
import { NotFoundError } from '../../common/errors/common.errors.js';
import type { Transaction } from '../../database/database.js';
import { type Grant, GrantsRepository } from './grants.repository.js';
import { NoGrantError } from './subscriptions.errors.js';
import type { TransitionCause } from './transition-cause.js';
import { TransitionsRepository } from './transitions.repository.js';

/** A user's live grant before and after an action. Both are the same object when nothing changed. */
export interface GrantChange {
  readonly before: Grant | null;
  readonly after: Grant | null;
}

interface RevokeInput {
  readonly userId: string;
  readonly reason: string;
  /** The administrator; null for none. */
  readonly actorId: string | null;
}

interface GrantInput extends RevokeInput {
  /** The new end of the grant. It never moves earlier. */
  readonly until: Date;
}

/**
 * The Pro plan without Stripe. Each action runs in the caller's transaction, so that the caller can record it in the
 * same commit. A repeat changes nothing.
 */
@Injectable()
export class GrantsService {
  constructor(
    private readonly grants: GrantsRepository,
    private readonly transitions: TransitionsRepository,
  ) {}

  /**
   * Grants Pro until `input.until`. A live grant is prolonged, never shortened.
   *
   * @throws NotFoundError for an unknown user
   */
  async grant(on: Transaction, input: GrantInput): Promise<GrantChange> {
    const live = await this.lock(on, input.userId);
    if (live) return this.prolong(on, live, input);
    const { until: entitledUntil, userId, reason } = input;
    const after = await this.grants.insert(on, { userId, entitledUntil, reason });
    return this.record(on, { cause: 'granted', input }, { before: null, after });
  }

  /**
   * Prolongs the live grant; never shortens it.
   *
   * @throws NotFoundError for an unknown user, NoGrantError where none is live
   */
  async extend(on: Transaction, input: GrantInput): Promise<GrantChange> {
    const live = await this.lock(on, input.userId);
    if (!live) throw new NoGrantError();
    return this.prolong(on, live, input);
  }

  /** Revokes the live grant; subscriptions at Stripe stay. @throws NotFoundError for an unknown user */
  async revoke(on: Transaction, input: RevokeInput): Promise<GrantChange> {
    const live = await this.lock(on, input.userId);
    if (!live) return { before: null, after: null };
    const after = (await this.grants.revoke(on, input.userId)).find(({ id }) => id === live.id);
    if (!after) throw new Error('a locked grant was not revoked');
    return this.record(on, { cause: 'revoked', input }, { before: live, after });
  }

  private async lock(on: Transaction, userId: string): Promise<Grant | null> {
    if (!(await this.grants.lockUser(on, userId))) throw new NotFoundError();
    return this.grants.findLive(on, userId);
  }

  private async prolong(on: Transaction, live: Grant, input: GrantInput): Promise<GrantChange> {
    if (input.until <= live.entitledUntil) return { before: live, after: live };
    const after = await this.grants.prolong(on, live, input.until);
    return this.record(on, { cause: 'extended', input }, { before: live, after });
  }

  private async record(
    on: Transaction,
    { cause, input: { userId, reason, actorId } }: { cause: TransitionCause; input: RevokeInput },
    { before, after }: { before: Grant | null; after: Grant },
  ): Promise<GrantChange> {
    await this.transitions.record(on, {
      userId,
      cause,
      reason,
      actorId,
      subjectKind: 'grant',
      subjectId: after.id,
      before: before && toTransitionState(before),
      after: toTransitionState(after),
    });
    return { before, after };
  }
}

const toTransitionState = ({ entitledUntil, revokedAt }: Grant) => ({ entitled_until: entitledUntil, revoked_at: revokedAt });
