import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CountFailedSyncRuns1795910400100 implements MigrationInterface {
  readonly name = 'CountFailedSyncRuns1795910400100';

  async up(queryRunner: QueryRunner): Promise<void> {
    // The sync runs that have failed since the last one whose result is complete. The delay before the next one grows
    // with them.
    await queryRunner.query(`
      ALTER TABLE stripe_customers
        ADD COLUMN failed_runs integer NOT NULL DEFAULT 0,
        ADD CONSTRAINT ck_stripe_customers_failed_runs CHECK (failed_runs >= 0)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE stripe_customers DROP COLUMN failed_runs`);
  }
}
