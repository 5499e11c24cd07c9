import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Messages whose words are to be made again by the present rule: all that have text, until workers have been through
 * them. Built while messages are written, which only works outside of a transaction, and waits for older transactions
 * however long they take.
 */
export class IndexOutdatedWords1795824000201 implements MigrationInterface {
  readonly name = 'IndexOutdatedWords1795824000201';
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`SET lock_timeout = 0`);
    // An attempt that was interrupted leaves an invalid index.
    await queryRunner.query(`DROP INDEX CONCURRENTLY IF EXISTS ix_messages_outdated_words`);
    await queryRunner.query(
      `CREATE INDEX CONCURRENTLY ix_messages_outdated_words ON messages (id) WHERE words_version < 2 AND content <> ''`,
    );
    await queryRunner.query(`RESET lock_timeout`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX ix_messages_outdated_words`);
  }
}
