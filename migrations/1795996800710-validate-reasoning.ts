import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Reads the rows under a lock that lets them be read and written meanwhile. */
export class ValidateReasoning1795996800710 implements MigrationInterface {
  readonly name = 'ValidateReasoning1795996800710';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE chatrooms VALIDATE CONSTRAINT ck_chatrooms_reasoning`);
    await queryRunner.query(`ALTER TABLE messages VALIDATE CONSTRAINT ck_messages_reasoning_level`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE chatrooms DROP CONSTRAINT ck_chatrooms_reasoning,
        ADD CONSTRAINT ck_chatrooms_reasoning CHECK (reasoning IN ('minimal', 'low', 'medium', 'high')) NOT VALID`);
    await queryRunner.query(`
      ALTER TABLE messages DROP CONSTRAINT ck_messages_reasoning_level,
        ADD CONSTRAINT ck_messages_reasoning_level
          CHECK (reasoning_level IN ('default', 'minimal', 'low', 'medium', 'high')) NOT VALID`);
  }
}
