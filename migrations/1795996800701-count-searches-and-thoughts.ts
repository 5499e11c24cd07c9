import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Search queries in the roll-ups, and the times to the first thought. The release before writes the defaults. */
export class CountSearchesAndThoughts1795996800701 implements MigrationInterface {
  readonly name = 'CountSearchesAndThoughts1795996800701';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE user_model_days ADD searches bigint NOT NULL DEFAULT 0`);
    await queryRunner.query(`
      ALTER TABLE model_hours
        ADD searches bigint NOT NULL DEFAULT 0,
        ADD first_thought_counts integer[] NOT NULL DEFAULT array_fill(0, ARRAY[30])`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE model_hours DROP first_thought_counts, DROP searches`);
    await queryRunner.query(`ALTER TABLE user_model_days DROP searches`);
  }
}
