import type { MigrationInterface, QueryRunner } from 'typeorm';

export class NameThePriceOfCheckouts1795910400200 implements MigrationInterface {
  readonly name = 'NameThePriceOfCheckouts1795910400200';

  async up(queryRunner: QueryRunner): Promise<void> {
    // Processes of the previous release, which know one price, leave it null.
    await queryRunner.query(`ALTER TABLE checkouts ADD COLUMN price_key text`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE checkouts DROP COLUMN price_key`);
  }
}
