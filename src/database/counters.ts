import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database, type StatementRunner } from './database.js';
import { statement } from './statement.js';

/** At most `limit` takes in `windowSeconds`, counted from the first one. */
export interface CounterLimit {
  readonly limit: number;
  readonly windowSeconds: number;
}

export type Taken = { readonly taken: true } | { readonly taken: false; readonly retryAfterSeconds: number };

// ON CONFLICT locks the row and reads its newest committed version, so that takes at once are counted one after the
// other. A full window is left as it is: it ends when it was going to.
const take = statement({
  name: 'counters_take',
  parameters: { key: 'bytea', limit: 'int4', window_seconds: 'float8' },
  columns: { taken: 'bool', retry_after: 'float8' },
  text: `INSERT INTO counters AS c (key, count, window_ends_at) VALUES (:key, 1, now() + make_interval(secs => :window_seconds))
   ON CONFLICT (key) DO UPDATE SET
     count = CASE WHEN c.window_ends_at <= now() THEN 1 ELSE least(c.count, :limit) + 1 END,
     window_ends_at = CASE WHEN c.window_ends_at <= now() THEN now() + make_interval(secs => :window_seconds) ELSE c.window_ends_at END
   RETURNING count <= :limit AS taken, extract(epoch FROM window_ends_at - now())::float8 AS retry_after`,
});

const peek = statement({
  name: 'counters_peek',
  parameters: { key: 'bytea', limit: 'int4' },
  columns: { retry_after: 'float8' },
  text: `SELECT extract(epoch FROM window_ends_at - now())::float8 AS retry_after FROM counters
   WHERE key = :key AND count >= :limit AND window_ends_at > now()`,
});

const giveBack = statement({
  name: 'counters_give_back',
  parameters: { key: 'bytea' },
  text: `UPDATE counters SET count = count - 1 WHERE key = :key AND count > 0`,
});

// A statement rather than a repository's delete, so that it runs on a transaction and on the pool alike.
const reset = statement({
  name: 'counters_reset',
  parameters: { key: 'bytea' },
  text: `DELETE FROM counters WHERE key = :key`,
});

/**
 * Limits that must hold exactly, over all processes and restarts. Keys are stored as hashes, so that no name, number or
 * address of a person lies in the table.
 */
@Injectable()
export class Counters {
  constructor(private readonly database: Database) {}

  /**
   * Takes one unit, unless the window is used up.
   * @param on a transaction, when the unit is only to be charged with its effect
   */
  async take(key: readonly string[], { limit, windowSeconds }: CounterLimit, on: StatementRunner = this.database): Promise<Taken> {
    const [row] = await on.run(take, { key: hashOf(key), limit, window_seconds: windowSeconds });
    if (!row) throw new Error('counters_take answers one row');
    return row.taken ? { taken: true } : { taken: false, retryAfterSeconds: Math.max(1, Math.ceil(row.retry_after)) };
  }

  /** Whether a unit could be taken, without taking it. */
  async peek(key: readonly string[], { limit }: CounterLimit): Promise<Taken> {
    const [full] = await this.database.run(peek, { key: hashOf(key), limit });
    return full ? { taken: false, retryAfterSeconds: Math.max(1, Math.ceil(full.retry_after)) } : { taken: true };
  }

  /** Gives one unit back to the window that it may still be in. */
  async giveBack(key: readonly string[], on: StatementRunner = this.database): Promise<void> {
    await on.run(giveBack, { key: hashOf(key) });
  }

  async reset(key: readonly string[], on: StatementRunner = this.database): Promise<void> {
    await on.run(reset, { key: hashOf(key) });
  }
}

const hashOf = (key: readonly string[]): Buffer => createHash('sha256').update(JSON.stringify(key)).digest();
