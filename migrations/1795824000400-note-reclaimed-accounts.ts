import type { MigrationInterface, QueryRunner } from 'typeorm';

export class NoteReclaimedAccounts1795824000400 implements MigrationInterface {
  readonly name = 'NoteReclaimedAccounts1795824000400';

  async up(queryRunner: QueryRunner): Promise<void> {
    // When the holder of the number took an account over from whoever had made it. The owner's row is what every writer
    // locks, so a request that was let in before finds the mark there, however long it has waited.
    await queryRunner.query(`ALTER TABLE users ADD COLUMN reclaimed_at timestamptz(3)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE users DROP COLUMN reclaimed_at`);
  }
}
