import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The cost of a user's replies on the newest day that has one, in the row that acceptance and finishing lock anyway, so
 * that PRO_DAILY_COST_USD is exact. The count begins with this release: what its predecessor finishes is not in it.
 */
export class CountWhatUsersSpend1795910400250 implements MigrationInterface {
  readonly name = 'CountWhatUsersSpend1795910400250';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE users ADD spent_day date, ADD spent_micros bigint NOT NULL DEFAULT 0`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE users DROP spent_micros, DROP spent_day`);
  }
}
