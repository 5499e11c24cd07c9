import { Injectable } from '@nestjs/common';
import { Database, type StatementRunner } from '../../database/database.js';
import type { RowOf } from '../../database/sql-types.js';
import { statement } from '../../database/statement.js';

const USAGE = { chatrooms: 'int4', bytes: 'float8', is_fresh: 'bool' } as const;

/** The usage of a user. `is_fresh`: the counters were compared with the tables a short while ago. */
export type StoredUsage = RowOf<typeof USAGE>;

/**
 * A refusal trusts counters that were compared this recently. The recount reads all messages of the user, so that a
 * client must not be able to cause one with each request.
 */
const IS_FRESH = `coalesce(usage_counted_at > now() - interval '1 minute', false) AS is_fresh`;

// float8, because quotas are below 2^53. `is_verified` says whether the number was verified when the request was
// admitted; without that, an account that the holder of the number has taken over is gone.
const find = statement({
  name: 'quotas_find',
  parameters: { user_id: 'uuid', is_verified: 'bool' },
  columns: USAGE,
  text: `SELECT chatroom_count AS chatrooms, (stored_bytes + attachment_bytes)::float8 AS bytes, ${IS_FRESH} FROM users
   WHERE id = :user_id AND usage_counted_at IS NOT NULL AND (:is_verified::boolean OR reclaimed_at IS NULL)`,
});

const lock = statement({
  name: 'quotas_lock',
  parameters: { user_id: 'uuid' },
  columns: { is_fresh: 'bool' },
  text: `SELECT ${IS_FRESH} FROM users WHERE id = :user_id FOR NO KEY UPDATE`,
});

// octet_length does not read the text of messages that PostgreSQL stores outside of the row.
const recount = statement({
  name: 'quotas_recount',
  parameters: { user_id: 'uuid' },
  text: `UPDATE users u SET usage_counted_at = now(),
     chatroom_count = (SELECT count(*) FROM chatrooms c WHERE c.user_id = u.id),
     stored_bytes = (SELECT coalesce(sum(octet_length(m.content) + m.detail_bytes), 0) FROM messages m WHERE m.user_id = u.id),
     attachment_bytes = (SELECT coalesce(sum(a.size), 0) FROM attachments a WHERE a.user_id = u.id)
   WHERE u.id = :user_id`,
});

/** The counters of chatrooms and stored bytes, which are columns of `users`. */
@Injectable()
export class QuotasRepository {
  constructor(private readonly database: Database) {}

  /** @returns null when the counters were never set, and when the account was erased or taken over */
  async find(userId: string, { isVerified }: { isVerified: boolean }): Promise<StoredUsage | null> {
    return (await this.database.run(find, { user_id: userId, is_verified: isVerified }))[0] ?? null;
  }

  /** Locks the user's row. @returns whether the counters are too old to be trusted; false for an unknown user */
  async lockStale(on: StatementRunner, userId: string): Promise<boolean> {
    return (await on.run(lock, { user_id: userId }))[0]?.is_fresh === false;
  }

  async recount(on: StatementRunner, userId: string): Promise<void> {
    await on.run(recount, { user_id: userId });
  }
}
