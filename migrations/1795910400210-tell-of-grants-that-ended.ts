import type { MigrationInterface, QueryRunner } from 'typeorm';

export class TellOfGrantsThatEnded1795910400210 implements MigrationInterface {
  readonly name = 'TellOfGrantsThatEnded1795910400210';

  async up(queryRunner: QueryRunner): Promise<void> {
    // Processes of the previous release leave both null, so that the workers of this one tell of what ends meanwhile.
    await queryRunner.query(`
      ALTER TABLE grants
        ADD COLUMN end_notice_due_at timestamptz(3),
        ADD COLUMN end_noted_at timestamptz(3)`);
    // Users get no mail about grants that ended before this release.
    await queryRunner.query(`UPDATE grants SET end_noted_at = now() WHERE entitled_until <= now()`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE grants DROP COLUMN end_notice_due_at, DROP COLUMN end_noted_at`);
  }
}
