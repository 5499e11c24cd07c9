import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How many attachments the model was given for a reply, and how many were only named. */
export class CountFilesOfContexts1795960800550 implements MigrationInterface {
  readonly name = 'CountFilesOfContexts1795960800550';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE messages ADD context_files_sent integer, ADD context_files_omitted integer`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE messages DROP context_files_sent, DROP context_files_omitted`);
  }
}
