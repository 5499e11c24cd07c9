import { createHmac, hkdfSync } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { StatementRunner } from '../../database/database.js';
import { statement } from '../../database/statement.js';

const TODAY = `(now() AT TIME ZONE 'UTC')::date`;

// Acceptance locks the day before the account. A day without a row is not locked: a message that begins it at this moment and this transaction may then
// wait for each other, which PostgreSQL ends and the one that it ends tries again.
const hold = statement<never>('usage_days_hold', `SELECT FROM usage_days WHERE user_id = $1 AND day = ${TODAY} FOR NO KEY UPDATE`);

const keep = statement<never>(
  'erased_days_keep',
  `INSERT INTO erased_days AS e (day, number_hash, messages)
   SELECT d.day, $2, d.messages FROM usage_days d JOIN users u ON u.id = d.user_id
   WHERE d.user_id = $1 AND d.day >= ${TODAY} AND d.messages > 0 AND u.verified_at IS NOT NULL
   ON CONFLICT ON CONSTRAINT pk_erased_days DO UPDATE SET messages = greatest(e.messages, excluded.messages)`,
);

const KEPT = `(SELECT coalesce(max(messages), 0) FROM erased_days WHERE day = ${TODAY} AND number_hash = ANY ($2::bytea[]))`;

const begin = statement<never>(
  'usage_days_begin',
  `INSERT INTO usage_days (user_id, day, messages, carried)
   SELECT $1, ${TODAY}, kept, kept FROM (SELECT ${KEPT} AS kept) AS e WHERE kept > 0
   ON CONFLICT ON CONSTRAINT pk_usage_days DO NOTHING`,
);

const carry = statement<never>(
  'usage_days_carry',
  `UPDATE usage_days d SET messages = CASE WHEN $3::boolean THEN e.kept ELSE d.messages - d.carried + e.kept END, carried = e.kept
   FROM (SELECT ${KEPT} AS kept) AS e WHERE d.user_id = $1 AND d.day = ${TODAY}`,
);

/**
 * The day's messages of accounts that were erased, so that the daily limit belongs to the person: the next account with the number begins the day
 * with them. Only verified numbers are kept, as anybody can sign up with a number that is not theirs. A row holds an HMAC of the number, no other
 * personal data, and is deleted after its day.
 *
 * The key is derived from JWT_SECRET. Rows under JWT_SECRET_PREVIOUS are found too; once that is removed, rows of the day under the old key are lost.
 */
@Injectable()
export class ErasedDays {
  constructor(@InjectConfig() private readonly config: Config) {}

  /** Keeps messages from being charged to the account's day until the transaction ends. Comes before the lock of the account, as in acceptance. */
  async hold(transaction: StatementRunner, userId: string): Promise<void> {
    await transaction.run(hold, [userId]);
  }

  /**
   * Keeps the day of an account that is about to be erased, if its number is verified.
   *
   * @param userId of a locked account: messages that are accepted from now on find no account
   * @param mobileNumber in its canonical form
   */
  async keep(transaction: StatementRunner, userId: string, mobileNumber: string): Promise<void> {
    await transaction.run(keep, [userId, this.hashesOf(mobileNumber)[0]]);
  }

  /** Begins the day of an account, unless it has begun, with what was kept under its number. */
  async begin(transaction: StatementRunner, userId: string, mobileNumber: string): Promise<void> {
    await transaction.run(begin, [userId, this.hashesOf(mobileNumber)]);
  }

  /**
   * Adds what was kept under the number of a locked account that is being verified, unless the account began with it.
   *
   * @param restart true: what the account was charged before was charged to somebody else, who did not hold the number
   */
  async carry(transaction: StatementRunner, userId: string, mobileNumber: string, { restart }: { restart: boolean }): Promise<void> {
    await transaction.run(carry, [userId, this.hashesOf(mobileNumber), restart]);
    await this.begin(transaction, userId, mobileNumber);
  }

  /** Under every key that is accepted, the current one first. */
  private hashesOf(mobileNumber: string): Buffer[] {
    const { JWT_SECRET, JWT_SECRET_PREVIOUS } = this.config;
    if (JWT_SECRET === undefined) throw new Error('JWT_SECRET is demanded by every entry point that serves accounts');
    return [JWT_SECRET, JWT_SECRET_PREVIOUS].flatMap((secret) => (secret === undefined ? [] : hashOf(mobileNumber, secret)));
  }
}

const hashOf = (mobileNumber: string, secret: string): Buffer =>
  createHmac('sha256', Buffer.from(hkdfSync('sha256', secret, '', 'numbers of erased accounts', 32)))
    .update(mobileNumber)
    .digest();
