import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A run is a stretch of a branch without forks, named by the position of its first message. A room has as many runs as forks, however long its
 * branches are, so that whatever asks for the shape of the tree reads runs and not messages.
 */
export class AddRuns1795392000300 implements MigrationInterface {
  readonly name = 'AddRuns1795392000300';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE messages ADD run integer, ADD forked_run integer`);
    await queryRunner.query(`ALTER TABLE chatrooms ADD active_run integer NOT NULL DEFAULT 0`);
    // The oldest child of a message goes on with its run, every other one begins a run of its own.
    await queryRunner.query(`
      WITH RECURSIVE tree AS (
        SELECT m.id, m.position AS run, NULL::integer AS forked_run FROM messages m WHERE m.parent_id IS NULL
        UNION ALL
        SELECT m.id, CASE WHEN first.position = m.position THEN t.run ELSE m.position END, CASE WHEN first.position < m.position THEN t.run END
        FROM tree t JOIN messages m ON m.parent_id = t.id
          CROSS JOIN LATERAL (SELECT min(s.position) AS position FROM messages s WHERE s.parent_id = t.id) first
      )
      UPDATE messages m SET run = tree.run, forked_run = tree.forked_run FROM tree WHERE tree.id = m.id`);
    await queryRunner.query(`UPDATE chatrooms c SET active_run = m.run FROM messages m WHERE m.id = c.active_leaf_id`);
    await queryRunner.query(`ALTER TABLE messages ALTER run SET NOT NULL`);
    // Also what keeps two messages from going on with one run at the same place.
    await queryRunner.query(`ALTER TABLE messages ADD CONSTRAINT uq_messages_run UNIQUE (chatroom_id, run, depth)`);
    await queryRunner.query(`CREATE INDEX ix_messages_forks ON messages (chatroom_id, forked_run, depth) WHERE forked_run IS NOT NULL`);
    await queryRunner.query(`ALTER TABLE messages ADD CONSTRAINT ck_messages_run CHECK (run <= position AND forked_run < run)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE chatrooms DROP active_run`);
    await queryRunner.query(`ALTER TABLE messages DROP forked_run, DROP run`);
  }
}
