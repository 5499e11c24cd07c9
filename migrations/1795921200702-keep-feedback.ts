import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What users think of replies, and its counts, which stay when a reply is deleted. */
export class KeepFeedback1795921200702 implements MigrationInterface {
  readonly name = 'KeepFeedback1795921200702';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE feedback (
        message_id uuid NOT NULL,
        user_id uuid NOT NULL,
        rating text NOT NULL,
        comment text,
        model text NOT NULL,
        day date NOT NULL,
        CONSTRAINT pk_feedback PRIMARY KEY (message_id),
        CONSTRAINT fk_feedback_message FOREIGN KEY (message_id) REFERENCES messages (id) ON DELETE CASCADE,
        CONSTRAINT fk_feedback_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT ck_feedback_rating CHECK (rating IN ('up', 'down'))
      )`);
    await queryRunner.query(`CREATE INDEX ix_feedback_user ON feedback (user_id)`);
    await queryRunner.query(`
      CREATE TABLE feedback_days (
        day date NOT NULL,
        model text NOT NULL,
        rating text NOT NULL,
        count integer NOT NULL,
        CONSTRAINT pk_feedback_days PRIMARY KEY (day, model, rating),
        CONSTRAINT ck_feedback_days_rating CHECK (rating IN ('up', 'down'))
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE feedback_days`);
    await queryRunner.query(`DROP TABLE feedback`);
  }
}
