import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CloseCustomersOfErasedUsers1795392000202 implements MigrationInterface {
  readonly name = 'CloseCustomersOfErasedUsers1795392000202';

  async up(queryRunner: QueryRunner): Promise<void> {
    // Customers at Stripe whose account here is gone, until Stripe has let go of them too.
    await queryRunner.query(`
      CREATE TABLE customer_closures (
        stripe_customer_id text CONSTRAINT pk_customer_closures PRIMARY KEY,
        due_at timestamptz(3) NOT NULL DEFAULT now(),
        attempts integer NOT NULL DEFAULT 0,
        last_error text,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT ck_customer_closures_attempts CHECK (attempts >= 0)
      )`);
    await queryRunner.query(`CREATE INDEX ix_customer_closures_due_at ON customer_closures (due_at)`);
    // A trigger, because accounts go in more ways than one (erasure, retention, a number taken over), and none may leave a person paying for nothing.
    await queryRunner.query(`
      CREATE FUNCTION close_stripe_customer() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO customer_closures (stripe_customer_id) VALUES (OLD.stripe_customer_id) ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$`);
    await queryRunner.query(`
      CREATE TRIGGER tr_stripe_customers_close AFTER DELETE ON stripe_customers
      FOR EACH ROW EXECUTE FUNCTION close_stripe_customer()`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TRIGGER tr_stripe_customers_close ON stripe_customers`);
    await queryRunner.query(`DROP FUNCTION close_stripe_customer()`);
    await queryRunner.query(`DROP TABLE customer_closures`);
  }
}
