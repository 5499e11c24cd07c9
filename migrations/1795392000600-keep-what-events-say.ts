import type { MigrationInterface, QueryRunner } from 'typeorm';

export class KeepWhatEventsSay1795392000600 implements MigrationInterface {
  readonly name = 'KeepWhatEventsSay1795392000600';

  async up(queryRunner: QueryRunner): Promise<void> {
    // The event as Stripe wrote it, for the people who look into one; json, not jsonb, keeps its very text. Null once its customer is erased.
    await queryRunner.query(`ALTER TABLE stripe_events ADD COLUMN payload json`);
    // A closed customer is remembered for a while: Stripe goes on sending events of it, its deletion to begin with.
    await queryRunner.query(`ALTER TABLE customer_closures ADD COLUMN closed_at timestamptz(3)`);
    await queryRunner.query(`DROP INDEX ix_customer_closures_due_at`);
    await queryRunner.query(`CREATE INDEX ix_customer_closures_due_at ON customer_closures (due_at) WHERE closed_at IS NULL`);
    await queryRunner.query(`CREATE INDEX ix_customer_closures_closed_at ON customer_closures (closed_at)`);
    await queryRunner.query(`
      CREATE OR REPLACE FUNCTION close_stripe_customer() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO customer_closures (stripe_customer_id) VALUES (OLD.stripe_customer_id) ON CONFLICT DO NOTHING;
        UPDATE stripe_events SET payload = NULL WHERE stripe_customer_id = OLD.stripe_customer_id;
        RETURN NULL;
      END $$`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE OR REPLACE FUNCTION close_stripe_customer() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO customer_closures (stripe_customer_id) VALUES (OLD.stripe_customer_id) ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$`);
    await queryRunner.query(`DELETE FROM customer_closures WHERE closed_at IS NOT NULL`);
    await queryRunner.query(`DROP INDEX ix_customer_closures_closed_at`);
    await queryRunner.query(`DROP INDEX ix_customer_closures_due_at`);
    await queryRunner.query(`CREATE INDEX ix_customer_closures_due_at ON customer_closures (due_at)`);
    await queryRunner.query(`ALTER TABLE customer_closures DROP COLUMN closed_at`);
    await queryRunner.query(`ALTER TABLE stripe_events DROP COLUMN payload`);
  }
}
