import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateModelPauses1795392000004 implements MigrationInterface {
  readonly name = 'CreateModelPauses1795392000004';

  async up(queryRunner: QueryRunner): Promise<void> {
    // Until when the vendor wants no calls of a model: what one worker is told holds for all.
    await queryRunner.query(`
      CREATE TABLE model_pauses (
        model text CONSTRAINT pk_model_pauses PRIMARY KEY,
        paused_until timestamptz(3) NOT NULL
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE model_pauses`);
  }
}
