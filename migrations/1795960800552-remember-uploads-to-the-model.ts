import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The addresses of attachments that were uploaded to the model's vendor. Without a foreign key: a row outlasts its
 * attachment until the vendor has deleted the upload. Two replies at once may upload one attachment twice. An upload
 * that is used no more has no attachment.
 */
export class RememberUploadsToTheModel1795960800552 implements MigrationInterface {
  readonly name = 'RememberUploadsToTheModel1795960800552';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE model_files (
        attachment_id uuid,
        name text NOT NULL,
        uri text NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT pk_model_files PRIMARY KEY (uri)
      )`);
    await queryRunner.query(`CREATE INDEX ix_model_files_attachment ON model_files (attachment_id)`);
    await queryRunner.query(`CREATE INDEX ix_model_files_expires_at ON model_files (expires_at)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE model_files`);
  }
}
