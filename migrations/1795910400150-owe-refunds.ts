import type { MigrationInterface, QueryRunner } from 'typeorm';

export class OweRefunds1795910400150 implements MigrationInterface {
  readonly name = 'OweRefunds1795910400150';

  async up(queryRunner: QueryRunner): Promise<void> {
    // It refers to no user, because a refund may be owed to somebody whose account is gone.
    await queryRunner.query(`
      CREATE TABLE refunds (
        id uuid CONSTRAINT pk_refunds PRIMARY KEY,
        payment_intent_id text NOT NULL CONSTRAINT uq_refunds_payment_intent UNIQUE,
        stripe_customer_id text NOT NULL,
        reason text NOT NULL,
        status text NOT NULL DEFAULT 'owed',
        attempts integer NOT NULL DEFAULT 0,
        stripe_refund_id text,
        last_error text,
        due_at timestamptz(3) NOT NULL DEFAULT now(),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        settled_at timestamptz(3),
        CONSTRAINT ck_refunds_reason CHECK (reason IN ('duplicate', 'account_closed')),
        CONSTRAINT ck_refunds_status CHECK (status IN ('owed', 'pending', 'refunded', 'not_needed')),
        CONSTRAINT ck_refunds_settled CHECK ((settled_at IS NULL) = (status IN ('owed', 'pending'))),
        CONSTRAINT ck_refunds_attempts CHECK (attempts >= 0)
      )`);
    await queryRunner.query(`CREATE INDEX ix_refunds_due_at ON refunds (due_at) WHERE settled_at IS NULL`);
    await queryRunner.query(`CREATE INDEX ix_refunds_settled_at ON refunds (settled_at)`);
    await queryRunner.query(`CREATE INDEX ix_refunds_created_at ON refunds (created_at, id)`);
    await queryRunner.query(`CREATE INDEX ix_refunds_customer ON refunds (stripe_customer_id)`);
    await queryRunner.query(`CREATE INDEX ix_refunds_stripe_refund ON refunds (stripe_refund_id)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE refunds`);
  }
}
