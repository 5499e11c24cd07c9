import type { Config } from '../config/env.js';
import { type Statement, statement } from './statement.js';

/** Rows that are deleted when they are old enough. The module that owns the table declares it in its `retention.ts`. */
export interface RetentionRule {
  /** The name of the rows in the log. */
  readonly name: string;
  readonly table: string;
  /** Deletes at most `count` rows that are older than `keep_ms`, and returns a row for each. */
  readonly delete: Statement<object, { readonly keep_ms: number; readonly count: number }>;
  /** How long rows are kept, in milliseconds; null keeps them. */
  readonly keepMs: (config: Config) => number | null;
}

interface ExpiringRows extends Pick<RetentionRule, 'name' | 'table' | 'keepMs'> {
  /** The columns of the primary key. */
  readonly key?: string;
  /** A condition that an index serves, with `:keep_ms`. */
  readonly expired: string;
}

/** A condition that is true when the time in `column` is more than `keep_ms` ago. */
export const olderThan = (column: string): string => `${column} < now() - :keep_ms * interval '1 millisecond'`;

// SKIP LOCKED leaves a row that is in use to the next run.
export const retentionRule = ({ name, table, key = 'id', expired, keepMs }: ExpiringRows): RetentionRule => ({
  name,
  table,
  keepMs,
  delete: statement({
    name: `retention_${table}_${name.replace(/\W/g, '_')}`,
    parameters: { keep_ms: 'float8', count: 'int8' },
    columns: { deleted: 'int4' },
    text: `DELETE FROM ${table} WHERE (${key}) IN (
       SELECT ${key} FROM ${table} WHERE ${expired} LIMIT :count FOR UPDATE SKIP LOCKED
     ) RETURNING 1 AS deleted`,
  }),
});

export const DATABASE_RETENTION: readonly RetentionRule[] = [
  retentionRule({
    name: 'idempotency keys',
    table: 'idempotency_keys',
    key: 'user_id, scope, key',
    expired: olderThan('created_at'),
    keepMs: ({ RETAIN_IDEMPOTENCY_KEYS }) => RETAIN_IDEMPOTENCY_KEYS,
  }),
  retentionRule({ name: 'counters', table: 'counters', key: 'key', expired: olderThan('window_ends_at'), keepMs: () => 0 }),
];
