import { Injectable } from '@nestjs/common';
import type { StatementRunner } from '../../database/database.js';
import { statement } from '../../database/statement.js';

const TODAY = `(now() AT TIME ZONE 'UTC')::date`;

// Acceptance locks the day before the account. A day without a row cannot be locked: a message that inserts it and this
// transaction may then wait for each other, until PostgreSQL ends one of them, which is retried.
const lockDay = statement({
  name: 'usage_days_lock',
  parameters: { user_id: 'uuid' },
  text: `SELECT FROM usage_days WHERE user_id = :user_id AND day = ${TODAY} FOR NO KEY UPDATE`,
});

const keep = statement({
  name: 'erased_days_keep',
  parameters: { user_id: 'uuid', number_hash: 'bytea' },
  text: `INSERT INTO erased_days AS e (day, number_hash, messages)
   SELECT d.day, :number_hash, d.messages FROM usage_days d JOIN users u ON u.id = d.user_id
   WHERE d.user_id = :user_id AND d.day >= ${TODAY} AND d.messages > 0 AND u.verified_at IS NOT NULL
   ON CONFLICT ON CONSTRAINT pk_erased_days DO UPDATE SET messages = greatest(e.messages, excluded.messages)`,
});

/** The messages of today that were kept under one of `:number_hashes`. */
const KEPT = `(SELECT coalesce(max(messages), 0) AS kept FROM erased_days WHERE day = ${TODAY} AND number_hash = ANY (:number_hashes::bytea[]))`;

const begin = statement({
  name: 'usage_days_begin',
  parameters: { user_id: 'uuid', number_hashes: 'bytea[]' },
  text: `INSERT INTO usage_days (user_id, day, messages, carried)
   SELECT :user_id, ${TODAY}, kept, kept FROM ${KEPT} AS e WHERE kept > 0
   ON CONFLICT ON CONSTRAINT pk_usage_days DO NOTHING`,
});

const carry = statement({
  name: 'usage_days_carry',
  parameters: { user_id: 'uuid', number_hashes: 'bytea[]', restart: 'bool' },
  text: `UPDATE usage_days d
   SET messages = CASE WHEN :restart::boolean THEN e.kept ELSE d.messages - d.carried + e.kept END, carried = e.kept
   FROM ${KEPT} AS e WHERE d.user_id = :user_id AND d.day = ${TODAY}`,
});

interface Hashes {
  /** Hashes of the account's number under every accepted key. */
  readonly hashes: readonly Buffer[];
}

/** The day's messages of erased accounts, and how they reach `usage_days` of the next account with the number. */
@Injectable()
export class ErasedDaysRepository {
  /** Locks the account's row of today in `usage_days`, if there is one. */
  async lockDay(on: StatementRunner, userId: string): Promise<void> {
    await on.run(lockDay, { user_id: userId });
  }

  /** Stores the messages of today under `hash`, if the number of the account is verified. */
  async keep(on: StatementRunner, userId: string, { hash }: { hash: Buffer }): Promise<void> {
    await on.run(keep, { user_id: userId, number_hash: hash });
  }

  /** Inserts the account's row of today, unless there is one, with the messages that were kept. */
  async begin(on: StatementRunner, userId: string, { hashes }: Hashes): Promise<void> {
    await on.run(begin, { user_id: userId, number_hashes: hashes });
  }

  /**
   * Adds the messages that were kept to the account's row of today, unless it has them; `restart` drops its own ones.
   */
  async carry(on: StatementRunner, userId: string, { hashes, restart }: Hashes & { restart: boolean }): Promise<void> {
    await on.run(carry, { user_id: userId, number_hashes: hashes, restart });
  }
}
