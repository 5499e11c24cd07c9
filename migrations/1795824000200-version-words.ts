import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Version of the rule by which the words of a message were made. The default is the first one, so that it is true of
 * all messages that there are, and of those that processes of the previous release go on writing.
 */
export class VersionWords1795824000200 implements MigrationInterface {
  readonly name = 'VersionWords1795824000200';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE messages ADD words_version integer NOT NULL DEFAULT 1`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE messages DROP words_version`);
  }
}
