import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateIdempotencyKeys1795392000003 implements MigrationInterface {
  readonly name = 'CreateIdempotencyKeys1795392000003';

  async up(queryRunner: QueryRunner): Promise<void> {
    // scope is method and path; result is what the first answer is made from again.
    await queryRunner.query(`
      CREATE TABLE idempotency_keys (
        user_id uuid NOT NULL CONSTRAINT fk_idempotency_keys_user REFERENCES users (id) ON DELETE CASCADE,
        scope text NOT NULL,
        key text NOT NULL,
        fingerprint bytea NOT NULL,
        result jsonb NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT pk_idempotency_keys PRIMARY KEY (user_id, scope, key),
        CONSTRAINT ck_idempotency_keys_fingerprint CHECK (octet_length(fingerprint) = 32)
      )`);
    await queryRunner.query(`CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE idempotency_keys`);
  }
}
