import type { MigrationInterface, QueryRunner } from 'typeorm';

export class KeepFiguresOfTheAdministration1795392000403 implements MigrationInterface {
  readonly name = 'KeepFiguresOfTheAdministration1795392000403';

  async up(queryRunner: QueryRunner): Promise<void> {
    // How many users were active on a UTC day that is over: counted once, however many look at it.
    await queryRunner.query(`
      CREATE TABLE active_user_days (
        day date CONSTRAINT pk_active_user_days PRIMARY KEY,
        users integer NOT NULL
      )`);
    await queryRunner.query(`CREATE INDEX ix_usage_days_day ON usage_days (day)`);
    await queryRunner.query(`CREATE INDEX ix_subscriptions_created_at ON subscriptions (created_at, id)`);
    await queryRunner.query(`CREATE INDEX ix_subscriptions_status ON subscriptions (status, created_at, id)`);
    await queryRunner.query(`CREATE INDEX ix_subscriptions_entitled_until ON subscriptions (entitled_until)`);
    await queryRunner.query(`CREATE INDEX ix_grants_created_at ON grants (created_at, id)`);
    await queryRunner.query(`CREATE INDEX ix_grants_entitled_until ON grants (entitled_until)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX ix_grants_entitled_until`);
    await queryRunner.query(`DROP INDEX ix_grants_created_at`);
    await queryRunner.query(`DROP INDEX ix_subscriptions_entitled_until`);
    await queryRunner.query(`DROP INDEX ix_subscriptions_status`);
    await queryRunner.query(`DROP INDEX ix_subscriptions_created_at`);
    await queryRunner.query(`DROP INDEX ix_usage_days_day`);
    await queryRunner.query(`DROP TABLE active_user_days`);
  }
}
