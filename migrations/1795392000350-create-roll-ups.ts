import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateRollUps1795392000350 implements MigrationInterface {
  readonly name = 'CreateRollUps1795392000350';

  async up(queryRunner: QueryRunner): Promise<void> {
    // What models were asked and answered in each hour, of all users; it outlives them. Each count is spread over shards, so that transactions
    // that end at the same time wait for different rows. The histograms count replies by milliseconds, in the classes of latency.ts.
    await queryRunner.query(`
      CREATE TABLE model_hours (
        hour timestamptz(3) NOT NULL,
        model text NOT NULL,
        purpose text NOT NULL,
        outcome text NOT NULL,
        reason text NOT NULL,
        shard smallint NOT NULL,
        count bigint NOT NULL,
        input_tokens bigint NOT NULL,
        output_tokens bigint NOT NULL,
        reasoning_tokens bigint NOT NULL,
        cost_micros bigint NOT NULL,
        first_token_counts integer[] NOT NULL,
        total_counts integer[] NOT NULL,
        CONSTRAINT pk_model_hours PRIMARY KEY (hour, model, purpose, outcome, reason, shard),
        CONSTRAINT ck_model_hours_purpose CHECK (purpose IN ('reply', 'title', 'summary')),
        CONSTRAINT ck_model_hours_outcome CHECK (outcome IN ('accepted', 'completed', 'failed', 'blocked', 'cancelled', 'retried'))
      )`);
    // What a user's replies consumed, on the day that each was charged to.
    await queryRunner.query(`
      CREATE TABLE user_model_days (
        user_id uuid NOT NULL CONSTRAINT fk_user_model_days_user REFERENCES users (id) ON DELETE CASCADE,
        day date NOT NULL,
        model text NOT NULL,
        messages integer NOT NULL,
        input_tokens bigint NOT NULL,
        output_tokens bigint NOT NULL,
        reasoning_tokens bigint NOT NULL,
        cost_micros bigint NOT NULL,
        CONSTRAINT pk_user_model_days PRIMARY KEY (user_id, day, model)
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE user_model_days`);
    await queryRunner.query(`DROP TABLE model_hours`);
  }
}
