import type { MigrationInterface, QueryRunner } from 'typeorm';

/** For the lists of the administration: each page is read from an index, whatever it is filtered by. */
export class IndexWhatAdministratorsList1795392000402 implements MigrationInterface {
  readonly name = 'IndexWhatAdministratorsList1795392000402';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE INDEX ix_users_created_at ON users (created_at, id)`);
    await queryRunner.query(`CREATE INDEX ix_users_admins ON users (created_at, id) WHERE role = 'admin'`);
    await queryRunner.query(`CREATE INDEX ix_users_disabled ON users (created_at, id) WHERE disabled_at IS NOT NULL`);
    // Any part of a name, number or address. The extension is one that a database's owner may create (trusted, since PostgreSQL 13).
    await queryRunner.query(`CREATE EXTENSION IF NOT EXISTS pg_trgm`);
    await queryRunner.query(`
      CREATE INDEX ix_users_search ON users USING gin (username gin_trgm_ops, mobile_number gin_trgm_ops, email gin_trgm_ops)`);
    await queryRunner.query(`CREATE INDEX ix_messages_created_at ON messages (created_at, id)`);
    await queryRunner.query(`CREATE INDEX ix_messages_user ON messages (user_id, created_at, id)`);
    // Without the states that every reply passes through.
    await queryRunner.query(
      `CREATE INDEX ix_messages_ended_otherwise ON messages (status, created_at, id) WHERE status IN ('failed', 'blocked', 'cancelled')`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX ix_messages_ended_otherwise`);
    await queryRunner.query(`DROP INDEX ix_messages_user`);
    await queryRunner.query(`DROP INDEX ix_messages_created_at`);
    await queryRunner.query(`DROP INDEX ix_users_search`);
    await queryRunner.query(`DROP EXTENSION pg_trgm`);
    await queryRunner.query(`DROP INDEX ix_users_disabled`);
    await queryRunner.query(`DROP INDEX ix_users_admins`);
    await queryRunner.query(`DROP INDEX ix_users_created_at`);
  }
}
