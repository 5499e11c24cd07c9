import { Injectable } from '@nestjs/common';
import { NotFoundError } from '../../common/errors/common.errors.js';
import { newId } from '../../common/ids.js';
import type { StatementRunner } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import { NoGrantError } from './subscriptions.errors.js';
import { recordTransition, type TransitionCause } from './transitions.js';

/** The Pro plan as an administrator's gift. */
export interface Grant {
  readonly id: string;
  readonly entitled_until: Date;
  readonly reason: string;
  readonly created_at: Date;
  readonly revoked_at: Date | null;
}

/** What an action made of a user's live grant; equal grants mean that there was nothing to do. */
export interface GrantChange {
  readonly before: Grant | null;
  readonly after: Grant | null;
}

export interface GrantInput {
  /** The end; it only ever moves later. */
  readonly until: Date;
  readonly reason: string;
}

// Whoever changes a user's grants does so one after the other; rows that only refer to the user are not held up.
const lockUser = statement<{ id: string }>('grants_lock_user', `SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE`);

const GRANT = 'id, entitled_until, reason, created_at, revoked_at';

const findLive = statement<Grant>(
  'grants_find_live',
  `SELECT ${GRANT} FROM grants WHERE user_id = $1 AND revoked_at IS NULL AND entitled_until > now() ORDER BY entitled_until DESC LIMIT 1`,
);

const insert = statement<Grant>(
  'grants_insert',
  `INSERT INTO grants (id, user_id, entitled_until, reason) VALUES ($1, $2, $3, $4) RETURNING ${GRANT}`,
);

const prolong = statement<Grant>('grants_prolong', `UPDATE grants SET entitled_until = $2 WHERE id = $1 RETURNING ${GRANT}`);

const revoke = statement<Grant>(
  'grants_revoke',
  `UPDATE grants SET revoked_at = now() WHERE user_id = $1 AND revoked_at IS NULL AND entitled_until > now() RETURNING ${GRANT}`,
);

/**
 * Pro without Stripe. Each action takes the caller's transaction, so that whoever acts can record it in the same commit; done twice, it has one
 * effect.
 */
@Injectable()
export class GrantsService {
  /** Gives Pro until then; a grant that is there is made longer, never shorter. @throws NotFoundError for an unknown user */
  async grant(on: StatementRunner, userId: string, input: GrantInput, actorId: string | null): Promise<GrantChange> {
    const live = await this.lock(on, userId);
    if (live) return this.prolong(on, userId, live, input, actorId);
    const [after] = await on.run(insert, [newId(), userId, input.until, input.reason]);
    return this.record(on, { userId, cause: 'granted', reason: input.reason, actorId }, null, after);
  }

  /** Makes the live grant longer, never shorter. @throws NotFoundError for an unknown user, NoGrantError where none is live */
  async extend(on: StatementRunner, userId: string, input: GrantInput, actorId: string | null): Promise<GrantChange> {
    const live = await this.lock(on, userId);
    if (!live) throw new NoGrantError();
    return this.prolong(on, userId, live, input, actorId);
  }

  /** Takes back what was granted; what is paid for stays. @throws NotFoundError for an unknown user */
  async revoke(on: StatementRunner, userId: string, reason: string, actorId: string | null): Promise<GrantChange> {
    const live = await this.lock(on, userId);
    if (!live) return { before: null, after: null };
    const after = (await on.run(revoke, [userId])).find(({ id }) => id === live.id);
    return this.record(on, { userId, cause: 'revoked', reason, actorId }, live, after);
  }

  private async lock(on: StatementRunner, userId: string): Promise<Grant | null> {
    if ((await on.run(lockUser, [userId])).length === 0) throw new NotFoundError();
    return (await on.run(findLive, [userId]))[0] ?? null;
  }

  private async prolong(on: StatementRunner, userId: string, live: Grant, { until, reason }: GrantInput, actorId: string | null) {
    if (until <= live.entitled_until) return { before: live, after: live };
    const [after] = await on.run(prolong, [live.id, until]);
    return this.record(on, { userId, cause: 'extended', reason, actorId }, live, after);
  }

  private async record(
    on: StatementRunner,
    change: { userId: string; cause: TransitionCause; reason: string; actorId: string | null },
    before: Grant | null,
    after: Grant | undefined,
  ): Promise<GrantChange> {
    if (!after) throw new Error('a grant that is locked can be written');
    await recordTransition(on, {
      ...change,
      subjectKind: 'grant',
      subjectId: after.id,
      before: before && toTransitionState(before),
      after: toTransitionState(after),
    });
    return { before, after };
  }
}

const toTransitionState = ({ entitled_until, revoked_at }: Grant) => ({ entitled_until, revoked_at });
