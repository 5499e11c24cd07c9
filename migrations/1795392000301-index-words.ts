import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Words of messages, for search. Every word carries a mark of its owner and of the stretch of his messages that it is in, so that the index is led
 * by the user: the words of others are not even passed over, which matters most where a word's beginning is looked for. Stretches follow from the
 * number that a message gets among its owner's. Without a pending list, which each search would have to read through, and which makes one message
 * in many wait for its flush.
 */
export class IndexWords1795392000301 implements MigrationInterface {
  readonly name = 'IndexWords1795392000301';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE users ADD indexed_messages integer NOT NULL DEFAULT 0`);
    await queryRunner.query(`ALTER TABLE messages ADD words tsvector`);
    await queryRunner.query(`CREATE INDEX ix_messages_words ON messages USING gin (words) WITH (fastupdate = off)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE messages DROP words`);
    await queryRunner.query(`ALTER TABLE users DROP indexed_messages`);
  }
}
