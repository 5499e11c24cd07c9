import type { MigrationInterface, QueryRunner } from 'typeorm';

export class SuspectMessages1795824000100 implements MigrationInterface {
  readonly name = 'SuspectMessages1795824000100';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE messages ADD COLUMN is_suspect boolean`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE messages DROP COLUMN is_suspect`);
  }
}
