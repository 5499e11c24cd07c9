import type { MigrationInterface, QueryRunner } from 'typeorm';

export class FollowSubscriptions1795392000200 implements MigrationInterface {
  readonly name = 'FollowSubscriptions1795392000200';

  async up(queryRunner: QueryRunner): Promise<void> {
    // What Stripe says besides the status. ends_at is when a cancellation takes effect, whichever way it was made.
    await queryRunner.query(`
      ALTER TABLE subscriptions
        ADD COLUMN current_period_end timestamptz(3),
        ADD COLUMN ends_at timestamptz(3),
        ADD COLUMN started_at timestamptz(3) NOT NULL DEFAULT now()`);
    // How each entitlement came to be what it is. Rows are only ever added; they go with the account.
    await queryRunner.query(`
      CREATE TABLE subscription_transitions (
        id uuid CONSTRAINT pk_subscription_transitions PRIMARY KEY,
        user_id uuid NOT NULL CONSTRAINT fk_subscription_transitions_user REFERENCES users (id) ON DELETE CASCADE,
        subject_kind text NOT NULL,
        subject_id uuid NOT NULL,
        cause text NOT NULL,
        actor_id uuid,
        reason text,
        before jsonb,
        after jsonb NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT ck_subscription_transitions_subject CHECK (subject_kind IN ('subscription', 'grant'))
      )`);
    await queryRunner.query(`CREATE INDEX ix_subscription_transitions_user ON subscription_transitions (user_id, created_at, id)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE subscription_transitions`);
    await queryRunner.query(`ALTER TABLE subscriptions DROP COLUMN started_at, DROP COLUMN ends_at, DROP COLUMN current_period_end`);
  }
}
