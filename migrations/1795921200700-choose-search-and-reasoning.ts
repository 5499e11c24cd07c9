import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How the replies of a room are made, and those of one message, where it does not leave that to its room (null). */
export class ChooseSearchAndReasoning1795921200700 implements MigrationInterface {
  readonly name = 'ChooseSearchAndReasoning1795921200700';

  async up(queryRunner: QueryRunner): Promise<void> {
    // A check that is not NOT VALID would read every row while nobody can use the table. ValidateReasoning reads them.
    await queryRunner.query(`
      ALTER TABLE chatrooms
        ADD web_search boolean NOT NULL DEFAULT false,
        ADD reasoning text,
        ADD CONSTRAINT ck_chatrooms_reasoning CHECK (reasoning IN ('minimal', 'low', 'medium', 'high')) NOT VALID`);
    await queryRunner.query(`
      ALTER TABLE messages
        ADD web_search boolean,
        ADD reasoning_level text,
        ADD CONSTRAINT ck_messages_reasoning_level
          CHECK (reasoning_level IN ('default', 'minimal', 'low', 'medium', 'high')) NOT VALID`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE messages DROP reasoning_level, DROP web_search`);
    await queryRunner.query(`ALTER TABLE chatrooms DROP reasoning, DROP web_search`);
  }
}
