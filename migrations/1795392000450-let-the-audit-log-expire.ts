import type { MigrationInterface, QueryRunner } from 'typeorm';

export class LetTheAuditLogExpire1795392000450 implements MigrationInterface {
  readonly name = 'LetTheAuditLogExpire1795392000450';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TRIGGER tr_audit_log_append_only ON audit_log`);
    await queryRunner.query(`
      CREATE TRIGGER tr_audit_log_append_only BEFORE UPDATE OR TRUNCATE ON audit_log
      FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse_change()`);
    // RETAIN_AUDIT says when an entry is deleted; that this is never within the first 90 days holds whatever it says, and for everybody.
    await queryRunner.query(`
      CREATE TRIGGER tr_audit_log_keep BEFORE DELETE ON audit_log
      FOR EACH ROW WHEN (old.created_at > now() - interval '90 days') EXECUTE FUNCTION audit_log_refuse_change()`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TRIGGER tr_audit_log_keep ON audit_log`);
    await queryRunner.query(`DROP TRIGGER tr_audit_log_append_only ON audit_log`);
    await queryRunner.query(`
      CREATE TRIGGER tr_audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
      FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse_change()`);
  }
}
