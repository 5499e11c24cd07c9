import { Injectable } from '@nestjs/common';
import type { Pool, PoolClient, QueryResult } from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { sqlState } from './database.errors.js';
import { type Statement, statement } from './statement.js';

const DEADLOCK_DETECTED = '40P01';
const DEADLOCK_RETRIES = 10;

const tryLock = statement<{ locked: boolean }>('database_try_lock', 'SELECT pg_try_advisory_xact_lock($1) AS locked');

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

  /**
   * Runs `work` in one process at a time; the others find the lock taken and do nothing. The lock belongs to a transaction, which PostgreSQL ends
   * when its process has been silent for 30 s: a frozen one does not keep the others from working, and `work` must bear a second one beside it.
   */
  async exclusively(lock: number, work: () => Promise<void>): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const connection = (await manager.queryRunner?.connect()) as PoolClient;
      const [row] = await query(connection, tryLock, [lock]);
      if (row?.locked) await work();
    });
  }

  /** Connections of this process, by what they do, and the requests that wait for one. */
  get connections(): { idle: number; busy: number; waiting: number } {
    const { totalCount, idleCount, waitingCount } = this.pool;
    return { idle: idleCount, busy: totalCount - idleCount, waiting: waitingCount };
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
