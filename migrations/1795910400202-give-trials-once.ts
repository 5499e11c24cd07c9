import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A person has one trial: what a person is recognised by outlives the account, under a keyed hash. */
export class GiveTrialsOnce1795910400202 implements MigrationInterface {
  readonly name = 'GiveTrialsOnce1795910400202';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE trial_claims (
        identity_hash bytea NOT NULL,
        stripe_subscription_id text NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT pk_trial_claims PRIMARY KEY (identity_hash),
        CONSTRAINT ck_trial_claims_identity_hash CHECK (octet_length(identity_hash) = 32)
      )`);
    await queryRunner.query(`CREATE INDEX ix_trial_claims_created_at ON trial_claims (created_at)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE trial_claims`);
  }
}
