import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Earlier releases let a model, and a reply, wait for as long as Gemini asked. */
export class BoundWaits1795824000101 implements MigrationInterface {
  readonly name = 'BoundWaits1795824000101';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DELETE FROM model_pauses WHERE paused_until > now() + interval '2 minutes'`);
    await queryRunner.query(
      `UPDATE messages SET retry_at = now() WHERE status IN ('pending', 'streaming') AND retry_at > now() + interval '2 minutes'`,
    );
  }

  async down(): Promise<void> {
    // The longer waits have no use, and are not kept.
  }
}
