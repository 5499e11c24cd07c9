import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ShowWhatPayersPay1795910400201 implements MigrationInterface {
  readonly name = 'ShowWhatPayersPay1795910400201';

  async up(queryRunner: QueryRunner): Promise<void> {
    // Processes of the previous release leave them as they are; the next sync run fills them in.
    await queryRunner.query(`
      ALTER TABLE subscriptions
        ADD COLUMN trial_end timestamptz(3),
        ADD COLUMN price jsonb,
        ADD COLUMN open_invoice jsonb`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE subscriptions DROP COLUMN trial_end, DROP COLUMN price, DROP COLUMN open_invoice`);
  }
}
