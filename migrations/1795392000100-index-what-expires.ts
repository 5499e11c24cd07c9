import type { MigrationInterface, QueryRunner } from 'typeorm';

/** For retention: each deletion finds its rows without reading the others. */
export class IndexWhatExpires1795392000100 implements MigrationInterface {
  readonly name = 'IndexWhatExpires1795392000100';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE INDEX ix_sessions_ended_at ON sessions (ended_at) WHERE ended_at IS NOT NULL`);
    await queryRunner.query(`CREATE INDEX ix_users_unverified ON users (created_at) WHERE verified_at IS NULL`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX ix_users_unverified`);
    await queryRunner.query(`DROP INDEX ix_sessions_ended_at`);
  }
}
