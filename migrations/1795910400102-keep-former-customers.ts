import type { MigrationInterface, QueryRunner } from 'typeorm';

export class KeepFormerCustomers1795910400102 implements MigrationInterface {
  readonly name = 'KeepFormerCustomers1795910400102';

  async up(queryRunner: QueryRunner): Promise<void> {
    // A customer that was replaced may still be charged, so that it is never forgotten.
    await queryRunner.query(`
      CREATE TABLE former_stripe_customers (
        stripe_customer_id text CONSTRAINT pk_former_stripe_customers PRIMARY KEY,
        user_id uuid NOT NULL CONSTRAINT fk_former_stripe_customers_user REFERENCES users (id) ON DELETE CASCADE,
        gone_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now()
      )`);
    await queryRunner.query(`CREATE INDEX ix_former_stripe_customers_user ON former_stripe_customers (user_id)`);
    // A trigger, so that the processes of the release before keep what they replace, too.
    await queryRunner.query(`
      CREATE FUNCTION keep_former_stripe_customer() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO former_stripe_customers (stripe_customer_id, user_id) VALUES (OLD.stripe_customer_id, OLD.user_id)
        ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$`);
    await queryRunner.query(`
      CREATE TRIGGER tr_stripe_customers_keep_former AFTER UPDATE OF stripe_customer_id ON stripe_customers
      FOR EACH ROW WHEN (OLD.stripe_customer_id <> NEW.stripe_customer_id) EXECUTE FUNCTION keep_former_stripe_customer()`);
    await queryRunner.query(`
      CREATE TRIGGER tr_former_stripe_customers_close AFTER DELETE ON former_stripe_customers
      FOR EACH ROW EXECUTE FUNCTION close_stripe_customer()`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TRIGGER tr_stripe_customers_keep_former ON stripe_customers`);
    await queryRunner.query(`DROP FUNCTION keep_former_stripe_customer()`);
    await queryRunner.query(`DROP TABLE former_stripe_customers`);
  }
}
