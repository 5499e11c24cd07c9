import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Counts the chatrooms and the stored bytes of each user, for their quotas. A user whose usage_counted_at is null is
 * counted before the first decision about a quota: existing users, and those that the previous release makes while both
 * run. Counting them all here would lock every row of the table for as long as it takes to read all messages.
 */
export class CountWhatUsersKeep1795824000300 implements MigrationInterface {
  readonly name = 'CountWhatUsersKeep1795824000300';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE users
        ADD chatroom_count integer NOT NULL DEFAULT 0,
        ADD stored_bytes bigint NOT NULL DEFAULT 0,
        ADD usage_counted_at timestamptz(3)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE users DROP usage_counted_at, DROP stored_bytes, DROP chatroom_count`);
  }
}
