import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Files that users attach to messages. A row is written before the first byte of its file and deleted before the last
 * one, so that bytes without a row are nobody's.
 */
export class KeepAttachments1795960800500 implements MigrationInterface {
  readonly name = 'KeepAttachments1795960800500';

  async up(queryRunner: QueryRunner): Promise<void> {
    // Apart from stored_bytes, which the previous release counts anew from the texts of messages.
    await queryRunner.query(`ALTER TABLE users ADD attachment_bytes bigint NOT NULL DEFAULT 0`);
    await queryRunner.query(`
      CREATE TABLE attachments (
        id uuid NOT NULL,
        user_id uuid NOT NULL,
        name text NOT NULL,
        media_type text,
        size bigint NOT NULL,
        sha256 bytea,
        is_held boolean NOT NULL DEFAULT false,
        stored_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT pk_attachments PRIMARY KEY (id),
        CONSTRAINT fk_attachments_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT ck_attachments_size CHECK (size >= 0),
        CONSTRAINT ck_attachments_stored CHECK (stored_at IS NULL AND NOT is_held OR (media_type IS NOT NULL AND sha256 IS NOT NULL))
      )`);
    await queryRunner.query(`CREATE INDEX ix_attachments_user ON attachments (user_id)`);
    await queryRunner.query(`CREATE INDEX ix_attachments_unheld ON attachments (created_at) WHERE NOT is_held`);
    // Deferred, because the deletion of a user reaches attachments and messages by different ways.
    await queryRunner.query(`
      CREATE TABLE message_attachments (
        message_id uuid NOT NULL,
        position smallint NOT NULL,
        attachment_id uuid NOT NULL,
        CONSTRAINT pk_message_attachments PRIMARY KEY (message_id, position),
        CONSTRAINT fk_message_attachments_message FOREIGN KEY (message_id) REFERENCES messages (id) ON DELETE CASCADE,
        CONSTRAINT fk_message_attachments_attachment FOREIGN KEY (attachment_id) REFERENCES attachments (id)
          DEFERRABLE INITIALLY DEFERRED
      )`);
    await queryRunner.query(`CREATE INDEX ix_message_attachments_attachment ON message_attachments (attachment_id)`);
    await queryRunner.query(`
      CREATE TABLE attachment_removals (
        attachment_id uuid NOT NULL,
        due_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT pk_attachment_removals PRIMARY KEY (attachment_id)
      )`);
    await queryRunner.query(`CREATE INDEX ix_attachment_removals_due_at ON attachment_removals (due_at)`);
    // A trigger, because attachments go in more ways than one (with a room, with an account, unused), and the bytes of
    // none may stay.
    await queryRunner.query(`
      CREATE FUNCTION remove_attachment() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO attachment_removals (attachment_id) VALUES (OLD.id) ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$`);
    await queryRunner.query(`
      CREATE TRIGGER tr_attachments_remove AFTER DELETE ON attachments
      FOR EACH ROW EXECUTE FUNCTION remove_attachment()`);
    await queryRunner.query(`
      CREATE TABLE object_pieces (
        object_id uuid NOT NULL,
        n integer NOT NULL,
        bytes bytea NOT NULL,
        CONSTRAINT pk_object_pieces PRIMARY KEY (object_id, n)
      )`);
    // Most files are compressed already.
    await queryRunner.query(`ALTER TABLE object_pieces ALTER bytes SET STORAGE EXTERNAL`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE object_pieces`);
    await queryRunner.query(`DROP TRIGGER tr_attachments_remove ON attachments`);
    await queryRunner.query(`DROP FUNCTION remove_attachment()`);
    await queryRunner.query(`DROP TABLE attachment_removals`);
    await queryRunner.query(`DROP TABLE message_attachments`);
    await queryRunner.query(`DROP TABLE attachments`);
    await queryRunner.query(`ALTER TABLE users DROP attachment_bytes`);
  }
}
