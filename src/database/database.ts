import { Injectable } from '@nestjs/common';
import type { Pool, PoolClient, QueryResult } from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { sqlState } from './database.errors.js';
import { type Statement, statement } from './statement.js';

const DEADLOCK_DETECTED = '40P01';
const DEADLOCK_RETRIES = 10;

const tryLock = statement<{ locked: boolean }>('database_try_lock', 'SELECT pg_try_advisory_lock($1) AS locked');
const unlock = statement<{ unlocked: boolean }>('database_unlock', 'SELECT pg_advisory_unlock($1) AS unlocked');

/** Runs named statements. One statement is one round trip and, outside `Transaction`, one commit. */
export interface StatementRunner {
  /** @throws pg's DatabaseError */
  run<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<Row[]>;
}

/** Named statements and TypeORM repositories on one connection, in one transaction. */
export interface Transaction extends StatementRunner {
  readonly manager: EntityManager;
}

/** TypeORM's pool, for what TypeORM cannot say: statements with names. */
@Injectable()
export class Database implements StatementRunner {
  constructor(private readonly dataSource: DataSource) {}

  /** A statement that loses a deadlock has changed nothing and is run again. */
  async run<Row>(statement: Statement<Row>, values: readonly unknown[]): Promise<Row[]> {
    return retryDeadlocks(() => query(this.pool, statement, values));
  }

  /** Commits what `work` did, or nothing if it throws. A deadlock runs `work` again: it must have no effects outside the database. */
  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return retryDeadlocks(() =>
      this.dataSource.transaction(async (manager) => {
        const connection = (await manager.queryRunner?.connect()) as PoolClient;
        return work({ manager, run: (statement, values) => query(connection, statement, values) });
      }),
    );
  }

  /** Runs `work` in one process at a time; the others find the lock taken and do nothing. */
  async exclusively(lock: number, work: () => Promise<void>): Promise<void> {
    const connection = await this.pool.connect();
    // A connection that may still hold the lock must not go back into the pool.
    let reusable = false;
    try {
      const [row] = await query(connection, tryLock, [lock]);
      if (row?.locked) {
        await work();
        await query(connection, unlock, [lock]);
      }
      reusable = true;
    } finally {
      connection.release(!reusable);
    }
  }

  private get pool(): Pool {
    return (this.dataSource.driver as unknown as { master: Pool }).master;
  }
}

async function query<Row>(on: Pool | PoolClient, { name, text }: Statement<Row>, values: readonly unknown[]): Promise<Row[]> {
  const { rows } = (await on.query({ name, text, values: [...values] })) as QueryResult & { rows: Row[] };
  return rows;
}

async function retryDeadlocks<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (sqlState(error) !== DEADLOCK_DETECTED || tries === DEADLOCK_RETRIES) throw error;
    }
  }
}
