import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The export of feedback reads one rating in the order of the replies. */
export class IndexFeedbackByRating1795996800702 implements MigrationInterface {
  readonly name = 'IndexFeedbackByRating1795996800702';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE INDEX ix_feedback_rating ON feedback (rating, message_id)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX ix_feedback_rating`);
  }
}
