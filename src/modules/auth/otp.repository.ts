import { Injectable } from '@nestjs/common';
import { Database, type StatementRunner } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import type { OtpPurpose } from './otp-challenge.entity.js';

export interface NewChallenge {
  readonly id: string;
  /** Every spelling of the number, the canonical one first. */
  readonly mobileNumbers: readonly [string, ...string[]];
  readonly purpose: OtpPurpose;
  readonly fromSignup: boolean;
  readonly lifetimeSeconds: number;
}

/** A challenge that a code is tried on. */
export interface TriedChallenge {
  readonly challengeId: string;
  /** Every spelling of the number. */
  readonly mobileNumbers: readonly string[];
  readonly purposes: readonly OtpPurpose[];
}

/** A challenge whose code was given. */
export interface MetChallenge {
  readonly id: string;
  /** Null for a number without an account. */
  readonly user_id: string | null;
  readonly purpose: OtpPurpose;
  readonly from_signup: boolean;
}

/** What delivering a code takes. */
export interface UnsettledChallenge {
  readonly purpose: OtpPurpose;
  readonly mobile_number: string;
  readonly email: string | null;
  readonly is_verified: boolean;
}

/** Tries that may name a challenge. */
const MAX_ATTEMPTS = 5;

const OPEN = `consumed_at IS NULL AND expires_at > now()`;

// The account is looked up by the statement itself, so that asking is the same with and without one. Of two accounts of one phone it is the verified
// one. An older code of the same purpose dies; codes of a number are made one after the other, as each takes the number's counter first.
const insert = statement<{ user_id: string | null }>(
  'otp_challenges_insert',
  `WITH older AS (
     UPDATE otp_challenges SET consumed_at = now() WHERE mobile_number = ANY ($2::text[]) AND purpose = $3 AND ${OPEN}
   )
   INSERT INTO otp_challenges (id, user_id, mobile_number, purpose, from_signup, settled_at, expires_at)
   VALUES ($1,
     (SELECT id FROM users WHERE mobile_number = ANY ($2::text[])
      ORDER BY verified_at IS NULL, array_position($2::text[], mobile_number) LIMIT 1),
     ($2::text[])[1], $3, $4, CASE WHEN $6::boolean THEN now() END, now() + make_interval(secs => $5))
   RETURNING user_id`,
);

const takeTry = statement<{ id: string }>(
  'otp_challenges_take_try',
  `UPDATE otp_challenges SET attempts = attempts + 1
   WHERE id = $1 AND mobile_number = ANY ($2::text[]) AND purpose = ANY ($3) AND attempts < ${MAX_ATTEMPTS} AND ${OPEN}
   RETURNING id`,
);

const findOpen = statement<{ id: string }>(
  'otp_challenges_find_open',
  `SELECT id FROM otp_challenges WHERE mobile_number = ANY ($1::text[]) AND purpose = $2 AND ${OPEN} ORDER BY created_at DESC LIMIT 10`,
);

// Of any number of right tries at once one finds the challenge open.
const consume = statement<MetChallenge>(
  'otp_challenges_consume',
  `UPDATE otp_challenges SET consumed_at = now()
   WHERE id = $1 AND mobile_number = ANY ($2::text[]) AND purpose = ANY ($3) AND ${OPEN}
   RETURNING id, user_id, purpose, from_signup`,
);

const consumeAll = statement<never>(
  'otp_challenges_consume_all',
  `UPDATE otp_challenges SET consumed_at = now() WHERE user_id = $1 AND ${OPEN}`,
);

const findUnsettled = statement<UnsettledChallenge>(
  'otp_challenges_find_unsettled',
  `SELECT c.purpose, c.mobile_number, u.email, u.verified_at IS NOT NULL AS is_verified FROM otp_challenges c JOIN users u ON u.id = c.user_id
   WHERE c.id = $1 AND c.settled_at IS NULL AND c.consumed_at IS NULL AND c.expires_at > now()`,
);

const settle = statement<never>('otp_challenges_settle', `UPDATE otp_challenges SET settled_at = now() WHERE id = $1`);

const findForgotten = statement<{ id: string }>(
  'otp_challenges_find_forgotten',
  `SELECT id FROM otp_challenges
   WHERE settled_at IS NULL AND created_at BETWEEN now() - interval '5 minutes' AND now() - make_interval(secs => $1) ORDER BY created_at LIMIT $2`,
);

const erase = statement<never>('otp_challenges_erase', `DELETE FROM otp_challenges WHERE mobile_number = ANY ($1::text[])`);

@Injectable()
export class OtpRepository {
  constructor(private readonly database: Database) {}

  /** @param isSettled true when nothing is left to deliver */
  async insert(challenge: NewChallenge, isSettled: boolean, on: StatementRunner): Promise<void> {
    const { id, mobileNumbers, purpose, fromSignup, lifetimeSeconds } = challenge;
    await on.run(insert, [id, mobileNumbers, purpose, fromSignup, lifetimeSeconds, isSettled]);
  }

  /** @returns false when there is no such open challenge, or its tries are used up */
  async takeTry({ challengeId, mobileNumbers, purposes }: TriedChallenge): Promise<boolean> {
    return (await this.database.run(takeTry, [challengeId, mobileNumbers, purposes])).length === 1;
  }

  async findOpen(mobileNumbers: readonly string[], purpose: OtpPurpose): Promise<string[]> {
    return (await this.database.run(findOpen, [mobileNumbers, purpose])).map(({ id }) => id);
  }

  /** Null when the challenge is no longer open. */
  async consume(on: StatementRunner, { challengeId, mobileNumbers, purposes }: TriedChallenge): Promise<MetChallenge | null> {
    return (await on.run(consume, [challengeId, mobileNumbers, purposes]))[0] ?? null;
  }

  async consumeAll(on: StatementRunner, userId: string): Promise<void> {
    await on.run(consumeAll, [userId]);
  }

  /** Null when there is nobody to send it to, or it was sent, used or has expired. */
  async findUnsettled(id: string): Promise<UnsettledChallenge | null> {
    return (await this.database.run(findUnsettled, [id]))[0] ?? null;
  }

  async settle(id: string): Promise<void> {
    await this.database.run(settle, [id]);
  }

  /** Ids of codes that still wait after so many seconds. */
  async findForgotten(afterSeconds: number, limit: number): Promise<string[]> {
    return (await this.database.run(findForgotten, [afterSeconds, limit])).map(({ id }) => id);
  }

  async erase(on: StatementRunner, mobileNumbers: readonly string[]): Promise<void> {
    await on.run(erase, [mobileNumbers]);
  }
}
