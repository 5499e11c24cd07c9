import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database, type StatementRunner } from './database.js';
import { statement } from './statement.js';

/** At most `limit` takes in `windowSeconds`, counted from the first one. */
export interface CounterLimit {
  readonly limit: number;
  readonly windowSeconds: number;
}

/** A counter and its limit. */
export interface Counted extends CounterLimit {
  readonly key: readonly string[];
}

export type Taken =
  /** `count` is how many are taken of the window, this one included. */
  { readonly taken: true; readonly count: number } | { readonly taken: false; readonly retryAfterSeconds: number };

/** At most `perSecond` turns a second, and so many that were not taken at once as fit in `BURST_SECONDS`. */
export interface Pace {
  readonly perSecond: number;
  /** A turn that would come later is not taken. */
  readonly longestWaitMs: number;
}

/** Whether a turn was taken, and the time until it comes. */
export type Turn = { readonly taken: true; readonly waitMs: number } | { readonly taken: false };

/** Whether a unit could be taken. */
export type Free = { readonly free: true } | { readonly free: false; readonly retryAfterSeconds: number };

// ON CONFLICT locks the row and reads its newest committed version, so that takes at once are counted one after the
// other. A full window is left as it is: it ends when it was going to.
const take = statement({
  name: 'counters_take',
  parameters: { key: 'bytea', limit: 'int4', window_seconds: 'float8' },
  columns: { taken: 'bool', count: 'int4', retry_after: 'float8' },
  text: `INSERT INTO counters AS c (key, count, window_ends_at) VALUES (:key, 1, now() + make_interval(secs => :window_seconds))
   ON CONFLICT (key) DO UPDATE SET
     count = CASE WHEN c.window_ends_at <= now() THEN 1 ELSE least(c.count, :limit) + 1 END,
     window_ends_at = CASE WHEN c.window_ends_at <= now() THEN now() + make_interval(secs => :window_seconds) ELSE c.window_ends_at END
   RETURNING count <= :limit AS taken, count, extract(epoch FROM window_ends_at - now())::float8 AS retry_after`,
});

// The order of the keys is the same in every statement, so that takes of the same counters at once wait for each other
// without a circle.
const takeAll = statement({
  name: 'counters_take_all',
  parameters: { keys: 'bytea[]', limits: 'int4[]', windows: 'int4[]' },
  columns: { key: 'bytea', count: 'int4', retry_after: 'float8' },
  text: `WITH wanted AS (SELECT * FROM unnest(:keys::bytea[], :limits::integer[], :windows::integer[]) AS w(key, max, seconds))
   INSERT INTO counters AS c (key, count, window_ends_at) SELECT key, 1, now() + make_interval(secs => seconds) FROM wanted ORDER BY key
   ON CONFLICT (key) DO UPDATE SET
     count = CASE WHEN c.window_ends_at <= now() THEN 1 ELSE least(c.count, (SELECT max FROM wanted w WHERE w.key = c.key)) + 1 END,
     window_ends_at = CASE WHEN c.window_ends_at <= now() THEN excluded.window_ends_at ELSE c.window_ends_at END
   RETURNING key, count, extract(epoch FROM window_ends_at - now())::float8 AS retry_after`,
});

const peekAll = statement({
  name: 'counters_peek_all',
  parameters: { keys: 'bytea[]' },
  columns: { key: 'bytea', count: 'int4', retry_after: 'float8' },
  text: `SELECT key, count, extract(epoch FROM window_ends_at - now())::float8 AS retry_after FROM counters
   WHERE key = ANY (:keys::bytea[]) AND window_ends_at > now()`,
});

// The window of a pace ends when its last turn is over. ON CONFLICT locks the row, so that no turn is taken twice; a
// turn that would come too late is not taken.
const takeTurn = statement({
  name: 'counters_take_turn',
  parameters: { key: 'bytea', seconds_a_turn: 'float8', burst_seconds: 'float8', longest_wait: 'float8' },
  columns: { wait: 'float8' },
  text: `INSERT INTO counters AS c (key, count, window_ends_at)
   VALUES (:key, 0, clock_timestamp() - make_interval(secs => :burst_seconds) + make_interval(secs => :seconds_a_turn))
   ON CONFLICT (key) DO UPDATE SET window_ends_at =
     greatest(c.window_ends_at, clock_timestamp() - make_interval(secs => :burst_seconds)) + make_interval(secs => :seconds_a_turn)
   WHERE c.window_ends_at <= clock_timestamp() + make_interval(secs => :longest_wait)
   RETURNING extract(epoch FROM window_ends_at - make_interval(secs => :seconds_a_turn) - clock_timestamp())::float8 AS wait`,
});

const refund = statement({
  name: 'counters_refund',
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
    return row.taken ? { taken: true, count: row.count } : { taken: false, retryAfterSeconds: wholeSeconds(row.retry_after) };
  }

  /**
   * Takes a unit of each, in one statement; one whose window is used up does not keep the others from counting.
   *
   * @returns in the order given
   */
  async takeAll(counted: readonly Counted[]): Promise<Free[]> {
    const hashes = counted.map(({ key }) => hashOf(key));
    const rows = await this.database.run(takeAll, {
      keys: hashes,
      limits: counted.map(({ limit }) => limit),
      windows: counted.map(({ windowSeconds }) => windowSeconds),
    });
    return counted.map(({ limit }, i) => toFree(rows.find(({ key, count }) => key.equals(hashes[i] ?? EMPTY) && count > limit)));
  }

  /** Whether a unit of each could be taken, without taking it. @returns in the order given */
  async peekAll(counted: readonly Counted[]): Promise<Free[]> {
    const hashes = counted.map(({ key }) => hashOf(key));
    const rows = await this.database.run(peekAll, { keys: hashes });
    return counted.map(({ limit }, i) => toFree(rows.find(({ key, count }) => key.equals(hashes[i] ?? EMPTY) && count >= limit)));
  }

  /** The units that are taken of each window. @returns in the order given */
  async countAll(keys: readonly (readonly string[])[]): Promise<number[]> {
    const hashes = keys.map(hashOf);
    const rows = await this.database.run(peekAll, { keys: hashes });
    return hashes.map((hash) => rows.find(({ key }) => key.equals(hash))?.count ?? 0);
  }

  /** Takes the next turn of a pace that all processes keep. */
  async takeTurn(key: readonly string[], { perSecond, longestWaitMs }: Pace): Promise<Turn> {
    const [row] = await this.database.run(takeTurn, {
      key: hashOf(key),
      seconds_a_turn: 1 / perSecond,
      burst_seconds: BURST_SECONDS,
      longest_wait: longestWaitMs / 1_000,
    });
    return row ? { taken: true, waitMs: Math.max(0, row.wait * 1_000) } : { taken: false };
  }

  /** Refunds one unit to the window, if it has not ended. */
  async refund(key: readonly string[], on: StatementRunner = this.database): Promise<void> {
    await on.run(refund, { key: hashOf(key) });
  }

  async reset(key: readonly string[], on: StatementRunner = this.database): Promise<void> {
    await on.run(reset, { key: hashOf(key) });
  }
}

const BURST_SECONDS = 0.25;

const EMPTY = Buffer.alloc(0);

const toFree = (full: { readonly retry_after: number } | undefined): Free =>
  full ? { free: false, retryAfterSeconds: wholeSeconds(full.retry_after) } : { free: true };

const wholeSeconds = (seconds: number): number => Math.max(1, Math.ceil(seconds));

const hashOf = (key: readonly string[]): Buffer => createHash('sha256').update(JSON.stringify(key)).digest();
