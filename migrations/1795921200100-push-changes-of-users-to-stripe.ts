import type { MigrationInterface, QueryRunner } from 'typeorm';

export class PushChangesOfUsersToStripe1795921200100 implements MigrationInterface {
  readonly name = 'PushChangesOfUsersToStripe1795921200100';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE customer_updates (
        user_id uuid CONSTRAINT pk_customer_updates PRIMARY KEY
          CONSTRAINT fk_customer_updates_user REFERENCES users (id) ON DELETE CASCADE,
        change_id uuid NOT NULL,
        due_at timestamptz(3) NOT NULL DEFAULT now(),
        attempts integer NOT NULL DEFAULT 0 CONSTRAINT ck_customer_updates_attempts CHECK (attempts >= 0),
        last_error text
      )`);
    await queryRunner.query(`CREATE INDEX ix_customer_updates_due_at ON customer_updates (due_at)`);
    // A trigger, so that no way of changing a user forgets it, in the processes of the release before either. A change
    // during an attempt leaves due_at alone: the attempts of one user do not run side by side.
    await queryRunner.query(`
      CREATE FUNCTION update_stripe_customer() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO customer_updates (user_id, change_id) SELECT user_id, gen_random_uuid() FROM stripe_customers WHERE user_id = NEW.id
        ON CONFLICT (user_id) DO UPDATE SET change_id = excluded.change_id;
        RETURN NULL;
      END $$`);
    await queryRunner.query(`
      CREATE TRIGGER tr_users_update_stripe_customer AFTER UPDATE OF username, email ON users
      FOR EACH ROW WHEN ((OLD.username, OLD.email) IS DISTINCT FROM (NEW.username, NEW.email)) EXECUTE FUNCTION update_stripe_customer()`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TRIGGER tr_users_update_stripe_customer ON users`);
    await queryRunner.query(`DROP FUNCTION update_stripe_customer()`);
    await queryRunner.query(`DROP TABLE customer_updates`);
  }
}
