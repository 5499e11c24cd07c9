import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ForgiveAttempts1795392000401 implements MigrationInterface {
  readonly name = 'ForgiveAttempts1795392000401';

  async up(queryRunner: QueryRunner): Promise<void> {
    // An administrator's retry goes on counting attempts, which fence writes and place events, but not against the cap on tries.
    await queryRunner.query(`
      ALTER TABLE messages ADD COLUMN forgiven_attempts integer NOT NULL DEFAULT 0,
        ADD CONSTRAINT ck_messages_forgiven_attempts CHECK (forgiven_attempts BETWEEN 0 AND attempt)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE messages DROP COLUMN forgiven_attempts`);
  }
}
