import { Injectable } from '@nestjs/common';
import type { Pool, PoolClient, QueryResult } from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { sqlState } from './database.errors.js';
import type { Statement } from './statement.js';

const DEADLOCK_DETECTED = '40P01';
const DEADLOCK_RETRIES = 10;

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

  /** One connection taken out of the pool, for what lives on it: session-level advisory locks. */
  async withConnection<T>(work: (connection: PoolClient) => Promise<T>): Promise<T> {
    const connection = await this.pool.connect();
    let broken = true;
    try {
      const result = await work(connection);
      broken = false;
      return result;
    } finally {
      connection.release(broken);
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
