import { Injectable } from '@nestjs/common';
import { Database, type StatementRunner } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import type { RowOf } from '../../database/sql-types.js';

const UPDATE = { user_id: 'uuid', change_id: 'uuid', stripe_customer_id: 'text', username: 'text', email: 'text?' } as const;

/** The values that a customer is to have. */
export type CustomerUpdate = RowOf<typeof UPDATE>;

// The user may have changed after the customer was created with the old values, and before there was a row for the
// trigger to find. The insert of that row has waited for such a change; a later one finds the row.
const addMissed = statement({
  name: 'customer_updates_add_missed',
  parameters: { user_id: 'uuid', username: 'text', email: 'text?' },
  text: `INSERT INTO customer_updates (user_id, change_id)
   SELECT id, gen_random_uuid() FROM users WHERE id = :user_id AND (username, email) IS DISTINCT FROM (:username::text, :email::text) FOR KEY SHARE
   ON CONFLICT (user_id) DO UPDATE SET change_id = excluded.change_id`,
});

const takeDue = statement({
  name: 'customer_updates_take_due',
  parameters: { limit: 'int8' },
  columns: { user_id: 'uuid' },
  text: `UPDATE customer_updates SET due_at = now() + interval '2 minutes' WHERE user_id IN (
     SELECT user_id FROM customer_updates WHERE due_at <= now() ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
   ) RETURNING user_id`,
});

const find = statement({
  name: 'customer_updates_find',
  parameters: { user_id: 'uuid' },
  columns: UPDATE,
  text: `SELECT c.user_id, c.change_id, s.stripe_customer_id, u.username, u.email
   FROM customer_updates c JOIN users u ON u.id = c.user_id JOIN stripe_customers s ON s.user_id = c.user_id
   WHERE c.user_id = :user_id`,
});

const remove = statement({
  name: 'customer_updates_delete',
  parameters: { user_id: 'uuid', change_id: 'uuid' },
  columns: { user_id: 'uuid' },
  text: `DELETE FROM customer_updates WHERE user_id = :user_id AND change_id = :change_id RETURNING user_id`,
});

const cancel = statement({
  name: 'customer_updates_cancel',
  parameters: { user_id: 'uuid' },
  text: `DELETE FROM customer_updates WHERE user_id = :user_id`,
});

// The row of a user is there, or another worker has deleted it meanwhile, whose values may have been overwritten.
const repeat = statement({
  name: 'customer_updates_repeat',
  parameters: { user_id: 'uuid' },
  text: `INSERT INTO customer_updates (user_id, change_id) SELECT id, gen_random_uuid() FROM users WHERE id = :user_id FOR KEY SHARE
   ON CONFLICT (user_id) DO UPDATE SET change_id = excluded.change_id, due_at = now()`,
});

const postpone = statement({
  name: 'customer_updates_postpone',
  parameters: { user_id: 'uuid', error: 'text', longest_ms: 'float8' },
  text: `UPDATE customer_updates SET attempts = attempts + 1, last_error = :error,
     due_at = now() + least(power(2, least(attempts, 12)) * 2000, :longest_ms) * (0.75 + random() / 2) * interval '1 millisecond'
   WHERE user_id = :user_id`,
});

/** Users whose customer at Stripe has an old username or e-mail address. */
@Injectable()
export class CustomerUpdatesRepository {
  constructor(private readonly database: Database) {}

  /** Adds the user if it is not any more what its customer was created with. */
  async addMissed(on: StatementRunner, userId: string, given: { username: string; email: string | null }): Promise<void> {
    await on.run(addMissed, { user_id: userId, username: given.username, email: given.email });
  }

  /** Users whose update is due. Each is due again in two minutes, in case the worker that makes it dies. */
  async takeDue(limit: number): Promise<string[]> {
    return (await this.database.run(takeDue, { limit })).map(({ user_id }) => user_id);
  }

  async find(userId: string): Promise<CustomerUpdate | null> {
    return (await this.database.run(find, { user_id: userId }))[0] ?? null;
  }

  /** Has the update repeated at once when the user has changed since it was read. */
  async finish({ user_id, change_id }: CustomerUpdate): Promise<void> {
    const deleted = await this.database.run(remove, { user_id, change_id });
    if (deleted.length === 0) await this.database.run(repeat, { user_id });
  }

  /** Leaves the customer of a user as it is. */
  async cancel(on: StatementRunner, userId: string): Promise<void> {
    await on.run(cancel, { user_id: userId });
  }

  /** Stores the error of a failed attempt. The delay doubles, up to `longestMs`; attempts never stop. */
  async postpone(userId: string, error: string, longestMs: number): Promise<void> {
    await this.database.run(postpone, { user_id: userId, error: error.slice(0, 500), longest_ms: longestMs });
  }
}
