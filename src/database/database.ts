import { Injectable } from '@nestjs/common';
import { Pool, type PoolClient } from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { tracedInside } from '../common/tracing/tracing.js';
import { isServerSilent, sqlState } from './database.errors.js';
import { DATABASE_LOCKS, type ScheduleLock } from './locks.js';
import { type Statement, statement } from './statement.js';

/** The name of a statement says what it does; its text is in docs/statements.sql. */
const OF_POSTGRESQL = { 'db.system.name': 'postgresql' };
const DEADLOCK_DETECTED = '40P01';
const DEADLOCK_RETRIES = 10;

const tryLock = statement({
  name: 'database_try_lock',
  parameters: { lock: 'int8' },
  columns: { locked: 'bool', set_config: 'text' },
  text: `SELECT pg_try_advisory_xact_lock(:lock) AS locked, set_config('idle_in_transaction_session_timeout', '10s', true)`,
});

/** Runs named statements. One statement is one round trip and, outside `Transaction`, one commit. */
export interface StatementRunner {
  /** @throws pg's DatabaseError */
  run<Row, Parameters>(statement: Statement<Row, Parameters>, parameters: NoInfer<Parameters>): Promise<Row[]>;
}

/** Named statements and TypeORM repositories on one connection, in one transaction. */
export interface Transaction extends StatementRunner {
  /** Its `withRepository(repository)` is an injected repository in this transaction. */
  readonly manager: EntityManager;
  /** Runs `effect`, which must not throw, once the transaction has committed; not at all when it is rolled back. */
  afterCommit(effect: () => void): void;
}

/** Named statements and transactions, on the pool that TypeORM's repositories use too. */
@Injectable()
export class Database implements StatementRunner {
  constructor(
    private readonly pool: Pool,
    private readonly dataSource: DataSource,
  ) {
    // Queries that a repository runs outside of `run` and `transaction` are noticed here.
    dataSource.subscribers.push({
      afterQuery: async ({ error, queryRunner }) => {
        if (isServerSilent(error)) this.abandon((await queryRunner.connect()) as PoolClient);
      },
    });
  }

  /** A statement that loses a deadlock has changed nothing and is run again. */
  async run<Row, Parameters>(statement: Statement<Row, Parameters>, parameters: NoInfer<Parameters>): Promise<Row[]> {
    return retryDeadlocks(async () => {
      try {
        return await query(this.pool, statement, parameters);
      } catch (error) {
        if (isServerSilent(error)) this.dropIdleConnections();
        throw error;
      }
    });
  }

  /**
   * Commits what `work` did, or nothing if it throws. A deadlock runs `work` again: it must have no effects outside the
   * database but those that it gives to `afterCommit`.
   */
  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return retryDeadlocks(async () => {
      const runner = this.dataSource.createQueryRunner();
      const connection = (await runner.connect()) as PoolClient;
      const onConnection: StatementRunner['run'] = (statement, parameters) => query(connection, statement, parameters);
      const effects: (() => void)[] = [];
      try {
        await runner.startTransaction();
        const result = await work({ manager: runner.manager, run: onConnection, afterCommit: (effect) => effects.push(effect) });
        await runner.commitTransaction();
        for (const effect of effects) effect();
        return result;
      } catch (error) {
        // TypeORM would wait for a silent server to roll back, and keep the connection.
        if (isServerSilent(error)) this.abandon(connection);
        else if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
        throw error;
      } finally {
        await runner.release();
      }
    });
  }

  /**
   * Runs `work` in one process at a time; the others find the lock taken and do nothing. The lock belongs to a
   * transaction, which PostgreSQL ends when it has been idle for 10 s: a process that is frozen or gone does not keep
   * the others from working. So `work` should take less, and must tolerate a second run beside it.
   */
  async exclusively(lock: ScheduleLock, work: () => Promise<void>): Promise<void> {
    await this.transaction(async (transaction) => {
      const [row] = await transaction.run(tryLock, { lock: DATABASE_LOCKS[lock] });
      if (row?.locked === true) await work();
    });
  }

  /**
   * After one of them has turned out to be dead: the others may lead to the same place, and each would cost its user a
   * deadline.
   */
  private dropIdleConnections(): void {
    for (let { idleCount } = this.pool; idleCount > 0; idleCount -= 1) {
      this.pool.connect().then(
        (connection) => {
          connection.release(true);
        },
        () => undefined,
      );
    }
  }

  /** Breaks a connection, on which TypeORM gives it up. */
  private abandon({ connection }: PoolClient): void {
    connection.stream.destroy(new Error('The server is silent'));
    this.dropIdleConnections();
  }
}

async function query<Row, Parameters>(
  on: Pool | PoolClient,
  { name, text, toValues }: Statement<Row, Parameters>,
  parameters: Parameters,
): Promise<Row[]> {
  const ask = async () => (await on.query<Record<string, unknown>>({ name, text, values: toValues(parameters) })).rows as Row[];
  return tracedInside(name, { kind: 'client', attributes: OF_POSTGRESQL }, ask);
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
