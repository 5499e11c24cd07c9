import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Finds the title that is being made for a room, by the time at which it was asked for. */
export class IndexTitleDigests1795824000152 implements MigrationInterface {
  readonly name = 'IndexTitleDigests1795824000152';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE INDEX ix_digests_titles ON digests (created_at) WHERE kind = 'title'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX ix_digests_titles`);
  }
}
