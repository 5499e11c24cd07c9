import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The index of words gathers new ones in a list, which is sorted into the index when it has 64 KiB, the least that
 * PostgreSQL allows: a search reads the list in less than 0.1 ms, and a message that finds it full waits for a few
 * milliseconds. Replies that are not finished, and have no words, stay out of it.
 *
 * Built while messages are written, which only works outside of a transaction, and waits for older transactions however
 * long they take. There is always a complete index, also when it is interrupted and run again.
 */
export class GatherWordsInTheIndex1795910400600 implements MigrationInterface {
  readonly name = 'GatherWordsInTheIndex1795910400600';
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`SET lock_timeout = 0`);
    await queryRunner.query(`DROP INDEX CONCURRENTLY IF EXISTS ix_messages_old_words`);
    await queryRunner.query(`DROP INDEX CONCURRENTLY IF EXISTS ix_messages_new_words`);
    await queryRunner.query(`
      CREATE INDEX CONCURRENTLY ix_messages_new_words ON messages USING gin (words)
        WITH (fastupdate = on, gin_pending_list_limit = 64) WHERE words IS NOT NULL`);
    // Both in the one transaction of this query.
    await queryRunner.query(`
      ALTER INDEX ix_messages_words RENAME TO ix_messages_old_words;
      ALTER INDEX ix_messages_new_words RENAME TO ix_messages_words`);
    await queryRunner.query(`DROP INDEX CONCURRENTLY ix_messages_old_words`);
    await queryRunner.query(`RESET lock_timeout`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX ix_messages_words`);
    await queryRunner.query(`CREATE INDEX ix_messages_words ON messages USING gin (words) WITH (fastupdate = off)`);
  }
}
