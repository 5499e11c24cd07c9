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
    // A session is the family of its refresh tokens. The database can recognise the current token, and that another one was once of the family
    // (refresh_key), but holds none.
    await queryRunner.query(`
      CREATE TABLE sessions (
        id uuid CONSTRAINT pk_sessions PRIMARY KEY,
        user_id uuid NOT NULL CONSTRAINT fk_sessions_user REFERENCES users (id) ON DELETE CASCADE,
        refresh_key bytea NOT NULL,
        refresh_token_hash bytea NOT NULL,
        spent_token_hash bytea,
        rotated_at timestamptz(3),
        device text,
        ip text,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        last_used_at timestamptz(3) NOT NULL DEFAULT now(),
        expires_at timestamptz(3) NOT NULL,
        ended_at timestamptz(3),
        CONSTRAINT ck_sessions_refresh_key CHECK (octet_length(refresh_key) = 32),
        CONSTRAINT ck_sessions_refresh_token_hash CHECK (octet_length(refresh_token_hash) = 32),
        CONSTRAINT ck_sessions_rotation CHECK ((spent_token_hash IS NULL) = (rotated_at IS NULL))
      )`);
    await queryRunner.query(`CREATE INDEX ix_sessions_user ON sessions (user_id, created_at, id)`);
    await queryRunner.query(`CREATE INDEX ix_sessions_expires_at ON sessions (expires_at)`);
    // The code of a challenge is a function of its id and of a key that is not in the database. Numbers without an account get challenges too, so
    // that asking for a code tells nothing.
    await queryRunner.query(`
      CREATE TABLE otp_challenges (
        id uuid CONSTRAINT pk_otp_challenges PRIMARY KEY,
        user_id uuid CONSTRAINT fk_otp_challenges_user REFERENCES users (id) ON DELETE CASCADE,
        mobile_number text NOT NULL,
        purpose text NOT NULL,
        from_signup boolean NOT NULL DEFAULT false,
        attempts integer NOT NULL DEFAULT 0,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        expires_at timestamptz(3) NOT NULL,
        settled_at timestamptz(3),
        consumed_at timestamptz(3),
        CONSTRAINT ck_otp_challenges_purpose CHECK (purpose IN ('sign_in', 'admin_sign_in', 'reset_password')),
        CONSTRAINT ck_otp_challenges_attempts CHECK (attempts BETWEEN 0 AND 5),
        CONSTRAINT ck_otp_challenges_from_signup CHECK (NOT from_signup OR purpose = 'sign_in')
      )`);
    await queryRunner.query(`CREATE INDEX ix_otp_challenges_mobile_number ON otp_challenges (mobile_number, purpose, created_at)`);
    await queryRunner.query(`CREATE INDEX ix_otp_challenges_user ON otp_challenges (user_id)`);
    await queryRunner.query(`CREATE INDEX ix_otp_challenges_expires_at ON otp_challenges (expires_at)`);
    // Codes that a queue has yet to hand over: the row is the outbox of its own job.
    await queryRunner.query(`CREATE INDEX ix_otp_challenges_unsettled ON otp_challenges (created_at) WHERE settled_at IS NULL`);
    // Limits that hold over all processes. The key is a hash of what is limited.
    await queryRunner.query(`
      CREATE TABLE counters (
        key bytea CONSTRAINT pk_counters PRIMARY KEY,
        count integer NOT NULL,
        window_ends_at timestamptz(3) NOT NULL,
        CONSTRAINT ck_counters_count CHECK (count >= 0)
      )`);
    await queryRunner.query(`CREATE INDEX ix_counters_window_ends_at ON counters (window_ends_at)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE counters`);
    await queryRunner.query(`DROP TABLE otp_challenges`);
    await queryRunner.query(`DROP TABLE sessions`);
    await queryRunner.query(`DROP TABLE users`);
  }
}
