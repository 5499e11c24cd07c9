import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * An administrator retries the oldest replies that failed here. However many failed ones are imported, they are not
 * looked at.
 */
export class IndexRetryableReplies1795824000150 implements MigrationInterface {
  readonly name = 'IndexRetryableReplies1795824000150';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE INDEX ix_messages_retryable ON messages (created_at, id) WHERE status = 'failed' AND started_at IS NOT NULL`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX ix_messages_retryable`);
  }
}
