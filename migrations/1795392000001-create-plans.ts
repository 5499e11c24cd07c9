import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreatePlans1795392000001 implements MigrationInterface {
  readonly name = 'CreatePlans1795392000001';

  async up(queryRunner: QueryRunner): Promise<void> {
    // What Stripe says of a subscription. entitled_until is the rule's verdict on it (status, period, grace), so that a plan ends by itself.
    await queryRunner.query(`
      CREATE TABLE subscriptions (
        id uuid CONSTRAINT pk_subscriptions PRIMARY KEY,
        user_id uuid NOT NULL CONSTRAINT fk_subscriptions_user REFERENCES users (id) ON DELETE CASCADE,
        stripe_subscription_id text NOT NULL CONSTRAINT uq_subscriptions_stripe_subscription UNIQUE,
        status text NOT NULL,
        entitled_until timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now()
      )`);
    await queryRunner.query(`CREATE INDEX ix_subscriptions_user ON subscriptions (user_id, entitled_until)`);
    await queryRunner.query(`
      CREATE TABLE grants (
        id uuid CONSTRAINT pk_grants PRIMARY KEY,
        user_id uuid NOT NULL CONSTRAINT fk_grants_user REFERENCES users (id) ON DELETE CASCADE,
        entitled_until timestamptz(3) NOT NULL,
        reason text NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        revoked_at timestamptz(3)
      )`);
    await queryRunner.query(`CREATE INDEX ix_grants_user ON grants (user_id, entitled_until)`);
    // The plan that holds at this moment. A view rather than a function: the planner folds it into the statements that read it.
    await queryRunner.query(`
      CREATE VIEW user_plans AS
      SELECT u.id AS user_id,
             CASE WHEN EXISTS (SELECT 1 FROM subscriptions s WHERE s.user_id = u.id AND s.entitled_until > now())
                    OR EXISTS (SELECT 1 FROM grants g WHERE g.user_id = u.id AND g.entitled_until > now() AND g.revoked_at IS NULL)
                  THEN 'pro' ELSE 'basic' END AS plan
      FROM users u`);
    // Messages charged to a user on a UTC day; a failed reply gives its unit back to the day that it was charged to.
    await queryRunner.query(`
      CREATE TABLE usage_days (
        user_id uuid NOT NULL CONSTRAINT fk_usage_days_user REFERENCES users (id) ON DELETE CASCADE,
        day date NOT NULL,
        messages integer NOT NULL,
        CONSTRAINT pk_usage_days PRIMARY KEY (user_id, day),
        CONSTRAINT ck_usage_days_messages CHECK (messages >= 0)
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE usage_days`);
    await queryRunner.query(`DROP VIEW user_plans`);
    await queryRunner.query(`DROP TABLE grants`);
    await queryRunner.query(`DROP TABLE subscriptions`);
  }
}
