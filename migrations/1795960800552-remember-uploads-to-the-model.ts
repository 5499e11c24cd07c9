import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The addresses of attachments that were uploaded to the model's vendor. Without a foreign key: a row outlasts its
 * attachment until the vendor has deleted the upload.
 */
export class RememberUploadsToTheModel1795960800552 implements MigrationInterface {
  readonly name = 'RememberUploadsToTheModel1795960800552';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE model_files (
        attachment_id uuid NOT NULL,
        name text NOT NULL,
        uri text NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT pk_model_files PRIMARY KEY (attachment_id)
      )`);
    await queryRunner.query(`CREATE INDEX ix_model_files_expires_at ON model_files (expires_at)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE model_files`);
  }
}
