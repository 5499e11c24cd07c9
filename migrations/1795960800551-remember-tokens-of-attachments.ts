import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tokens that a model has counted for an attachment; null where it cannot read the file. */
export class RememberTokensOfAttachments1795960800551 implements MigrationInterface {
  readonly name = 'RememberTokensOfAttachments1795960800551';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE attachment_tokens (
        attachment_id uuid NOT NULL,
        model text NOT NULL,
        tokens integer,
        CONSTRAINT pk_attachment_tokens PRIMARY KEY (attachment_id, model),
        CONSTRAINT fk_attachment_tokens_attachment FOREIGN KEY (attachment_id) REFERENCES attachments (id) ON DELETE CASCADE
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE attachment_tokens`);
  }
}
