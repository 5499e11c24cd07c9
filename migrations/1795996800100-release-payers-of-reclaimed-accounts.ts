import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ReleasePayersOfReclaimedAccounts1795996800100 implements MigrationInterface {
  readonly name = 'ReleasePayersOfReclaimedAccounts1795996800100';

  async up(queryRunner: QueryRunner): Promise<void> {
    // The account of such a customer lives on with the holder of its number, so that the running period is given back.
    await queryRunner.query(`ALTER TABLE customer_closures ADD COLUMN is_reclaimed boolean NOT NULL DEFAULT false`);
    await queryRunner.query(`
      ALTER TABLE refunds DROP CONSTRAINT ck_refunds_reason,
        ADD CONSTRAINT ck_refunds_reason CHECK (reason IN ('duplicate', 'account_closed', 'account_reclaimed'))`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`UPDATE refunds SET reason = 'account_closed' WHERE reason = 'account_reclaimed'`);
    await queryRunner.query(`
      ALTER TABLE refunds DROP CONSTRAINT ck_refunds_reason,
        ADD CONSTRAINT ck_refunds_reason CHECK (reason IN ('duplicate', 'account_closed'))`);
    await queryRunner.query(`ALTER TABLE customer_closures DROP COLUMN is_reclaimed`);
  }
}
