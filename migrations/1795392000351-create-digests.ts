import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateDigests1795392000351 implements MigrationInterface {
  readonly name = 'CreateDigests1795392000351';

  async up(queryRunner: QueryRunner): Promise<void> {
    // What a model makes of a conversation in the background, up to a message: a title for its room, or a summary that serves every branch
    // through that message. The row is the outbox of its own job: while due_at is set it is to be made, at that time or after.
    await queryRunner.query(`
      CREATE TABLE digests (
        message_id uuid NOT NULL CONSTRAINT fk_digests_message REFERENCES messages (id) ON DELETE CASCADE,
        kind text NOT NULL,
        attempt integer NOT NULL DEFAULT 0,
        due_at timestamptz(3) DEFAULT now(),
        content text,
        covered integer,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT pk_digests PRIMARY KEY (message_id, kind),
        CONSTRAINT ck_digests_kind CHECK (kind IN ('title', 'summary')),
        CONSTRAINT ck_digests_made CHECK ((content IS NULL) = (covered IS NULL) AND (content IS NULL OR due_at IS NULL))
      )`);
    await queryRunner.query(`CREATE INDEX ix_digests_due ON digests (due_at) WHERE due_at IS NOT NULL`);
    // A title is asked for once in the life of a room.
    await queryRunner.query(`ALTER TABLE chatrooms ADD COLUMN title_requested_at timestamptz(3)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE chatrooms DROP COLUMN title_requested_at`);
    await queryRunner.query(`DROP TABLE digests`);
  }
}
