import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateAuditLog1795392000400 implements MigrationInterface {
  readonly name = 'CreateAuditLog1795392000400';

  async up(queryRunner: QueryRunner): Promise<void> {
    // Ids without foreign keys: an entry outlives what it tells of.
    await queryRunner.query(`
      CREATE TABLE audit_log (
        id uuid CONSTRAINT pk_audit_log PRIMARY KEY,
        actor_id uuid NOT NULL,
        action text NOT NULL,
        target_type text NOT NULL,
        target_id text,
        before jsonb,
        after jsonb,
        reason text,
        ip text NOT NULL,
        device text,
        request_id text,
        created_at timestamptz(3) NOT NULL DEFAULT now()
      )`);
    await queryRunner.query(`CREATE INDEX ix_audit_log_created_at ON audit_log (created_at, id)`);
    await queryRunner.query(`CREATE INDEX ix_audit_log_actor ON audit_log (actor_id, created_at, id)`);
    await queryRunner.query(`CREATE INDEX ix_audit_log_target ON audit_log (target_id, created_at, id)`);
    await queryRunner.query(`CREATE INDEX ix_audit_log_action ON audit_log (action, created_at, id)`);
    // Append-only for everybody who may write to the table, the service itself included.
    await queryRunner.query(`
      CREATE FUNCTION audit_log_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
      END $$`);
    await queryRunner.query(`
      CREATE TRIGGER tr_audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
      FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse_change()`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE audit_log`);
    await queryRunner.query(`DROP FUNCTION audit_log_refuse_change()`);
  }
}
