import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateUsers1795392000000 implements MigrationInterface {
  readonly name = 'CreateUsers1795392000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE users (
        id uuid CONSTRAINT pk_users PRIMARY KEY,
        username text NOT NULL CONSTRAINT uq_users_username UNIQUE,
        mobile_number text NOT NULL CONSTRAINT uq_users_mobile_number UNIQUE,
        email text CONSTRAINT uq_users_email UNIQUE,
        password_hash text,
        role text NOT NULL DEFAULT 'user',
        verified_at timestamptz(3),
        disabled_at timestamptz(3),
        list_version bigint NOT NULL DEFAULT 0,
        unfinished_replies integer NOT NULL DEFAULT 0,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT ck_users_username CHECK (username ~ '^[a-z][a-z0-9_.]{2,29}$'),
        CONSTRAINT ck_users_mobile_number CHECK (mobile_number ~ '^\\+[1-9][0-9]{6,14}$'),
        CONSTRAINT ck_users_email CHECK (email = lower(email)),
        CONSTRAINT ck_users_role CHECK (role IN ('user', 'admin')),
        CONSTRAINT ck_users_unfinished_replies CHECK (unfinished_replies >= 0)
      )`);
    await queryRunner.query(`
      CREATE TABLE sessions (
        id uuid CONSTRAINT pk_sessions PRIMARY KEY,
        user_id uuid NOT NULL CONSTRAINT fk_sessions_user REFERENCES users (id) ON DELETE CASCADE,
        refresh_token_hash bytea NOT NULL,
        device text,
        ip text,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        last_used_at timestamptz(3) NOT NULL DEFAULT now(),
        expires_at timestamptz(3) NOT NULL,
        ended_at timestamptz(3),
        CONSTRAINT ck_sessions_refresh_token_hash CHECK (octet_length(refresh_token_hash) = 32)
      )`);
    await queryRunner.query(`CREATE INDEX ix_sessions_user ON sessions (user_id, created_at, id)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE sessions`);
    await queryRunner.query(`DROP TABLE users`);
  }
}
