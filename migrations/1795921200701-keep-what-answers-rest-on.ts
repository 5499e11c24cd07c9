import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a model gives beside the text of an answer: its thoughts and its sources on the web. */
export class KeepWhatAnswersRestOn1795921200701 implements MigrationInterface {
  readonly name = 'KeepWhatAnswersRestOn1795921200701';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE messages
        ADD reasoning text,
        ADD part_lengths integer[],
        ADD sources jsonb,
        ADD search_suggestions text,
        ADD thought_signatures jsonb,
        ADD first_thought_at timestamptz(3)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE messages
        DROP first_thought_at, DROP thought_signatures, DROP search_suggestions, DROP sources, DROP part_lengths, DROP reasoning`);
  }
}
