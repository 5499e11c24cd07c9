import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type FindOptionsWhere, In, IsNull, Raw, type Repository } from 'typeorm';
import { Database, type StatementRunner, type Transaction } from '../../database/database.js';
import { columnsOf } from '../../database/entity-columns.js';
import { type RowOf, typed } from '../../database/sql-types.js';
import { statement } from '../../database/statement.js';
import { OtpChallengeEntity, type OtpPurpose } from './otp-challenge.entity.js';

export interface NewChallenge extends Readonly<Pick<OtpChallengeEntity, 'id' | 'purpose' | 'fromSignup'>> {
  /** Every spelling of the number, the canonical one first. */
  readonly mobileNumbers: readonly [string, ...string[]];
  readonly lifetimeSeconds: number;
  /** True when nothing is left to deliver. */
  readonly isSettled: boolean;
}

/** Names a challenge, with the facts that a code for it has to match. */
export interface ChallengeName {
  readonly challengeId: string;
  /** Every spelling of the number. */
  readonly mobileNumbers: readonly string[];
  readonly purposes: readonly OtpPurpose[];
}

const CONSUMED = columnsOf(OtpChallengeEntity, ['userId', 'purpose', 'fromSignup']);

/** A challenge whose code was used. */
export type ConsumedChallenge = RowOf<typeof CONSUMED.columns>;

const UNSETTLED = columnsOf(OtpChallengeEntity, ['purpose', 'mobileNumber']);

/** Attempts that may name a challenge. */
const MAX_ATTEMPTS = 5;

const OPEN = `consumed_at IS NULL AND expires_at > now()`;

/** The same condition for the TypeORM repository. */
const isOpen = (): FindOptionsWhere<OtpChallengeEntity> => ({
  consumedAt: IsNull(),
  expiresAt: Raw((column) => `${column} > now()`),
});

const NAMED = { id: 'uuid', mobile_numbers: 'text[]', purposes: 'text[]' } as const;

// The statement itself looks the account up, so that it is the same with and without one. Of two accounts of one phone
// it finds the verified one. An older code of the same purpose becomes invalid. Each transaction takes the counter of
// the number first, so the codes of a number are created one after the other.
const insert = statement({
  name: 'otp_challenges_insert',
  parameters: {
    id: 'uuid',
    mobile_numbers: 'text[]',
    purpose: typed<OtpPurpose>('text'),
    from_signup: 'bool',
    is_settled: 'bool',
    lifetime_seconds: 'float8',
  },
  text: `WITH older AS (
     UPDATE otp_challenges SET consumed_at = now() WHERE mobile_number = ANY (:mobile_numbers::text[]) AND purpose = :purpose AND ${OPEN}
   )
   INSERT INTO otp_challenges (id, user_id, mobile_number, purpose, from_signup, settled_at, expires_at)
   VALUES (:id,
     (SELECT id FROM users WHERE mobile_number = ANY (:mobile_numbers::text[])
      ORDER BY verified_at IS NULL, array_position(:mobile_numbers::text[], mobile_number) LIMIT 1),
     (:mobile_numbers::text[])[1], :purpose, :from_signup, CASE WHEN :is_settled::boolean THEN now() END,
     now() + make_interval(secs => :lifetime_seconds))`,
});

// Counts an attempt before the code is compared: concurrent attempts cannot exceed the limit.
const takeAttempt = statement({
  name: 'otp_challenges_take_attempt',
  parameters: NAMED,
  columns: { isLast: 'bool' },
  text: `UPDATE otp_challenges SET attempts = attempts + 1
   WHERE id = :id AND mobile_number = ANY (:mobile_numbers) AND purpose = ANY (:purposes) AND attempts < ${MAX_ATTEMPTS} AND ${OPEN}
   RETURNING attempts = ${MAX_ATTEMPTS} AS "isLast"`,
});

// One of any number of concurrent requests with the correct code finds the challenge open.
const consume = statement({
  name: 'otp_challenges_consume',
  parameters: NAMED,
  columns: CONSUMED.columns,
  text: `UPDATE otp_challenges SET consumed_at = now()
   WHERE id = :id AND mobile_number = ANY (:mobile_numbers) AND purpose = ANY (:purposes) AND ${OPEN}
   RETURNING ${CONSUMED.sql()}`,
});

const findUnsettled = statement({
  name: 'otp_challenges_find_unsettled',
  parameters: { id: 'uuid' },
  columns: { ...UNSETTLED.columns, email: 'text?', isVerified: 'bool' },
  text: `SELECT ${UNSETTLED.sql('c')}, u.email, u.verified_at IS NOT NULL AS "isVerified"
   FROM otp_challenges c JOIN users u ON u.id = c.user_id
   WHERE c.id = :id AND c.settled_at IS NULL AND c.consumed_at IS NULL AND c.expires_at > now()`,
});

/** The facts that the delivery of a code needs. */
export type UnsettledChallenge = NonNullable<typeof findUnsettled.row>;

@Injectable()
export class OtpRepository {
  constructor(
    private readonly database: Database,
    @InjectRepository(OtpChallengeEntity) private readonly challenges: Repository<OtpChallengeEntity>,
  ) {}

  async insert(on: StatementRunner, challenge: NewChallenge): Promise<void> {
    const { id, mobileNumbers, purpose, fromSignup, isSettled, lifetimeSeconds } = challenge;
    await on.run(insert, {
      id,
      mobile_numbers: mobileNumbers,
      purpose,
      from_signup: fromSignup,
      is_settled: isSettled,
      lifetime_seconds: lifetimeSeconds,
    });
  }

  /** @returns null when there is no such open challenge, or its attempts are used up */
  async takeAttempt(challenge: ChallengeName): Promise<{ readonly isLast: boolean } | null> {
    return (await this.database.run(takeAttempt, toParameters(challenge)))[0] ?? null;
  }

  /** The ids of the newest open challenges of a number. */
  async findOpen(mobileNumbers: readonly string[], purpose: OtpPurpose): Promise<string[]> {
    const open = await this.challenges.find({
      select: { id: true },
      where: { mobileNumber: In(mobileNumbers), purpose, ...isOpen() },
      order: { createdAt: 'DESC' },
      take: 10,
    });
    return open.map(({ id }) => id);
  }

  /** @returns null when the challenge is no longer open */
  async consume(on: StatementRunner, challenge: ChallengeName): Promise<ConsumedChallenge | null> {
    return (await on.run(consume, toParameters(challenge)))[0] ?? null;
  }

  /** Makes every open code of the account invalid. */
  async consumeAll({ manager }: Transaction, userId: string): Promise<void> {
    await manager.withRepository(this.challenges).update({ userId, ...isOpen() }, { consumedAt: () => 'now()' });
  }

  /** @returns null when there is no account to send the code to, or it was sent, used or has expired */
  async findUnsettled(id: string): Promise<UnsettledChallenge | null> {
    return (await this.database.run(findUnsettled, { id }))[0] ?? null;
  }

  async settle(id: string): Promise<void> {
    await this.challenges.update({ id }, { settledAt: () => 'now()' });
  }

  /** The ids of the oldest codes that are not settled after this time. Their jobs were lost. */
  async findOverdue({ afterSeconds, limit }: { afterSeconds: number; limit: number }): Promise<string[]> {
    const isOverdue = (column: string) => `${column} BETWEEN now() - interval '5 minutes' AND now() - make_interval(secs => :afterSeconds)`;
    const overdue = await this.challenges.find({
      select: { id: true },
      where: { settledAt: IsNull(), createdAt: Raw(isOverdue, { afterSeconds }) },
      order: { createdAt: 'ASC' },
      take: limit,
    });
    return overdue.map(({ id }) => id);
  }

  async erase({ manager }: Transaction, mobileNumbers: readonly string[]): Promise<void> {
    await manager.withRepository(this.challenges).delete({ mobileNumber: In(mobileNumbers) });
  }
}

const toParameters = ({ challengeId, mobileNumbers, purposes }: ChallengeName) => ({
  id: challengeId,
  mobile_numbers: mobileNumbers,
  purposes,
});
