import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateBilling1795392000201 implements MigrationInterface {
  readonly name = 'CreateBilling1795392000201';

  async up(queryRunner: QueryRunner): Promise<void> {
    // Who a user is at Stripe. Every look at Stripe takes the next ticket before it looks, and only what was seen under a later ticket than the last
    // one applied is written: a slow answer never overwrites a newer one. synced_at is when that look began, check_at when the next is due.
    await queryRunner.query(`
      CREATE TABLE stripe_customers (
        user_id uuid CONSTRAINT pk_stripe_customers PRIMARY KEY CONSTRAINT fk_stripe_customers_user REFERENCES users (id) ON DELETE CASCADE,
        stripe_customer_id text NOT NULL CONSTRAINT uq_stripe_customers_stripe_customer UNIQUE,
        ticket bigint NOT NULL DEFAULT 0,
        applied_ticket bigint NOT NULL DEFAULT 0,
        synced_at timestamptz(3),
        check_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now()
      )`);
    await queryRunner.query(`CREATE INDEX ix_stripe_customers_check_at ON stripe_customers (check_at) WHERE check_at IS NOT NULL`);
    // The id of an open checkout is its idempotency key at Stripe, so that whoever finds the row open gets the same session.
    await queryRunner.query(`
      CREATE TABLE checkouts (
        id uuid CONSTRAINT pk_checkouts PRIMARY KEY,
        user_id uuid NOT NULL CONSTRAINT fk_checkouts_user REFERENCES users (id) ON DELETE CASCADE,
        status text NOT NULL DEFAULT 'open',
        success_url text NOT NULL,
        cancel_url text NOT NULL,
        stripe_session_id text CONSTRAINT uq_checkouts_stripe_session UNIQUE,
        url text,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT ck_checkouts_status CHECK (status IN ('open', 'complete', 'expired', 'failed'))
      )`);
    await queryRunner.query(`CREATE UNIQUE INDEX uq_checkouts_open ON checkouts (user_id) WHERE status = 'open'`);
    await queryRunner.query(`CREATE INDEX ix_checkouts_user ON checkouts (user_id, created_at)`);
    // The ledger of Stripe's events, and the outbox of their processing. What an event says is not kept, only what it is about: the rest is asked
    // of Stripe, and names and addresses of payers are not ours to keep.
    await queryRunner.query(`
      CREATE TABLE stripe_events (
        id text CONSTRAINT pk_stripe_events PRIMARY KEY,
        type text NOT NULL,
        api_version text,
        livemode boolean NOT NULL,
        object_id text,
        stripe_customer_id text,
        occurred_at timestamptz(3) NOT NULL,
        received_at timestamptz(3) NOT NULL DEFAULT now(),
        requested_at timestamptz(3) NOT NULL DEFAULT now(),
        due_at timestamptz(3) NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        processed_at timestamptz(3),
        outcome text,
        last_error text,
        CONSTRAINT ck_stripe_events_outcome CHECK (outcome IN ('applied', 'ignored', 'refused')),
        CONSTRAINT ck_stripe_events_processed CHECK ((processed_at IS NULL) = (outcome IS NULL)),
        CONSTRAINT ck_stripe_events_attempts CHECK (attempts >= 0)
      )`);
    await queryRunner.query(`CREATE INDEX ix_stripe_events_unprocessed ON stripe_events (due_at) WHERE processed_at IS NULL`);
    await queryRunner.query(`CREATE INDEX ix_stripe_events_received_at ON stripe_events (received_at, id)`);
    await queryRunner.query(`CREATE INDEX ix_stripe_events_customer ON stripe_events (stripe_customer_id, occurred_at)`);
    // Up to where Stripe's own list of events was read, by Stripe's clock.
    await queryRunner.query(`
      CREATE TABLE stripe_cursors (
        name text CONSTRAINT pk_stripe_cursors PRIMARY KEY,
        seen_until timestamptz(3) NOT NULL
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE stripe_cursors`);
    await queryRunner.query(`DROP TABLE stripe_events`);
    await queryRunner.query(`DROP TABLE checkouts`);
    await queryRunner.query(`DROP TABLE stripe_customers`);
  }
}
