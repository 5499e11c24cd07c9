import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The bytes of a reply's thoughts and sources, which count as storage. No released version has stored any so far. */
export class CountDetailsOfReplies1795996800700 implements MigrationInterface {
  readonly name = 'CountDetailsOfReplies1795996800700';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE messages ADD detail_bytes integer NOT NULL DEFAULT 0`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE messages DROP detail_bytes`);
  }
}
