import type { MigrationInterface, QueryRunner } from 'typeorm';

export class StoreTheStripeAccount1795910400101 implements MigrationInterface {
  readonly name = 'StoreTheStripeAccount1795910400101';

  async up(queryRunner: QueryRunner): Promise<void> {
    // The account whose customers this database holds. The first process that can ask Stripe stores it.
    await queryRunner.query(`
      CREATE TABLE stripe_accounts (
        id integer CONSTRAINT pk_stripe_accounts PRIMARY KEY,
        account_id text,
        livemode boolean NOT NULL,
        stored_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT ck_stripe_accounts_one CHECK (id = 1)
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE stripe_accounts`);
  }
}
