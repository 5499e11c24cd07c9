import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A title is asked for with several exchanges, a bounded number of times. Rooms that are left without a name begin at
 * 0.
 */
export class CountTitleRequests1795824000151 implements MigrationInterface {
  readonly name = 'CountTitleRequests1795824000151';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE chatrooms ADD COLUMN title_requests integer NOT NULL DEFAULT 0`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE chatrooms DROP COLUMN title_requests`);
  }
}
