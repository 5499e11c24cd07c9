import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Lists events of one type, and sums what was paid and refunded, without reading the events of all types.
 *
 * Built while events are stored, which only works outside of a transaction.
 */
export class IndexEventsByType1795921200400 implements MigrationInterface {
  readonly name = 'IndexEventsByType1795921200400';
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`SET lock_timeout = 0`);
    // One that an interrupted run has left behind is not valid.
    await queryRunner.query(`DROP INDEX CONCURRENTLY IF EXISTS ix_stripe_events_type`);
    await queryRunner.query(`CREATE INDEX CONCURRENTLY ix_stripe_events_type ON stripe_events (type, received_at, id)`);
    await queryRunner.query(`RESET lock_timeout`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX ix_stripe_events_type`);
  }
}
