import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The request that a reply, its titles and summaries go back to: the worker's log lines and traces name it. */
export class KeepTheOriginOfReplies1795960800400 implements MigrationInterface {
  readonly name = 'KeepTheOriginOfReplies1795960800400';

  async up(queryRunner: QueryRunner): Promise<void> {
    for (const table of ['messages', 'digests']) {
      await queryRunner.query(`ALTER TABLE ${table} ADD COLUMN request_id text, ADD COLUMN traceparent text`);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of ['messages', 'digests']) {
      await queryRunner.query(`ALTER TABLE ${table} DROP COLUMN request_id, DROP COLUMN traceparent`);
    }
  }
}
