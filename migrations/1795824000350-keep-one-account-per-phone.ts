import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * One phone has one account, whichever of its two spellings the number is stored under. Processes of the previous
 * release store and look up numbers as they are typed, so stored numbers stay as they are, and the database refuses the
 * other spelling as it refuses the same one: under the name of the unique constraint, which every release answers with
 * `mobile_number_taken`. Accounts that share a phone already are left alone.
 */
export class KeepOneAccountPerPhone1795824000350 implements MigrationInterface {
  readonly name = 'KeepOneAccountPerPhone1795824000350';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE FUNCTION other_spelling(number text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT CASE
          WHEN number ~ '^[+]549[1-3][0-9]{9}$' THEN '+54' || substr(number, 5)
          WHEN number ~ '^[+]54[1-3][0-9]{9}$' THEN '+549' || substr(number, 4)
          WHEN number ~ '^[+]55[0-9]{2}9[6-9][0-9]{7}$' THEN left(number, 5) || substr(number, 7)
          WHEN number ~ '^[+]55[0-9]{2}[6-9][0-9]{7}$' THEN left(number, 5) || '9' || substr(number, 6)
          WHEN number ~ '^[+]521[0-9]{10}$' THEN '+52' || substr(number, 5)
          WHEN number ~ '^[+]52[0-9]{10}$' THEN '+521' || substr(number, 4)
        END
      $$`);
    await queryRunner.query(`
      CREATE FUNCTION refuse_other_spelling() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        other text := other_spelling(NEW.mobile_number);
      BEGIN
        IF other IS NULL THEN
          RETURN NEW;
        END IF;
        -- Accounts of one phone are made one after the other; the query below sees what was committed before.
        PERFORM pg_advisory_xact_lock(hashtextextended('phone ' || least(NEW.mobile_number COLLATE "C", other COLLATE "C"), 0));
        IF EXISTS (SELECT 1 FROM users WHERE mobile_number = other AND id <> NEW.id) THEN
          RAISE unique_violation USING MESSAGE = 'another account has this phone', TABLE = 'users', CONSTRAINT = 'uq_users_mobile_number';
        END IF;
        RETURN NEW;
      END $$`);
    await queryRunner.query(`
      CREATE TRIGGER users_refuse_other_spelling BEFORE INSERT OR UPDATE OF mobile_number ON users
      FOR EACH ROW EXECUTE FUNCTION refuse_other_spelling()`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TRIGGER users_refuse_other_spelling ON users`);
    await queryRunner.query(`DROP FUNCTION refuse_other_spelling()`);
    await queryRunner.query(`DROP FUNCTION other_spelling(text)`);
  }
}
