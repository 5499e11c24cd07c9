import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The daily limit belongs to the person: what an erased account has used of the day outlives it, under a keyed hash of
 * its verified number.
 */
export class KeepTheDayOfErasedAccounts1795824000351 implements MigrationInterface {
  readonly name = 'KeepTheDayOfErasedAccounts1795824000351';

  async up(queryRunner: QueryRunner): Promise<void> {
    // The day comes first in the key, for retention.
    await queryRunner.query(`
      CREATE TABLE erased_days (
        day date NOT NULL,
        number_hash bytea NOT NULL,
        messages integer NOT NULL,
        CONSTRAINT pk_erased_days PRIMARY KEY (day, number_hash),
        CONSTRAINT ck_erased_days_messages CHECK (messages > 0),
        CONSTRAINT ck_erased_days_number_hash CHECK (octet_length(number_hash) = 32)
      )`);
    // Messages of the day that came with the number, from an account that was erased. Processes of the previous release
    // leave it at 0.
    await queryRunner.query(`ALTER TABLE usage_days ADD COLUMN carried integer NOT NULL DEFAULT 0`);
    await queryRunner.query(`ALTER TABLE usage_days ADD CONSTRAINT ck_usage_days_carried CHECK (carried >= 0)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE usage_days DROP COLUMN carried`);
    await queryRunner.query(`DROP TABLE erased_days`);
  }
}
