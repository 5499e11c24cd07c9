import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateChatrooms1795392000002 implements MigrationInterface {
  readonly name = 'CreateChatrooms1795392000002';

  async up(queryRunner: QueryRunner): Promise<void> {
    // last_position counts the messages of all branches; the leaves are kept without foreign keys, as the accept statement sets them first.
    await queryRunner.query(`
      CREATE TABLE chatrooms (
        id uuid CONSTRAINT pk_chatrooms PRIMARY KEY,
        user_id uuid NOT NULL CONSTRAINT fk_chatrooms_user REFERENCES users (id) ON DELETE CASCADE,
        name text,
        system_instruction text,
        model text,
        archived boolean NOT NULL DEFAULT false,
        last_position integer NOT NULL DEFAULT 0,
        active_leaf_id uuid,
        active_leaf_depth integer NOT NULL DEFAULT 0,
        previous_leaf_id uuid,
        last_message_at timestamptz(3),
        last_activity_at timestamptz(3) NOT NULL DEFAULT now(),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT ck_chatrooms_last_position CHECK (last_position >= 0)
      )`);
    await queryRunner.query(`CREATE INDEX ix_chatrooms_list ON chatrooms (user_id, archived, last_activity_at, id)`);
    await queryRunner.query(`
      CREATE TABLE messages (
        id uuid CONSTRAINT pk_messages PRIMARY KEY,
        chatroom_id uuid NOT NULL CONSTRAINT fk_messages_chatroom REFERENCES chatrooms (id) ON DELETE CASCADE,
        user_id uuid NOT NULL,
        position integer NOT NULL,
        depth integer NOT NULL,
        parent_id uuid CONSTRAINT fk_messages_parent REFERENCES messages (id),
        role text NOT NULL,
        status text NOT NULL,
        content text NOT NULL DEFAULT '',
        model text,
        attempt integer NOT NULL DEFAULT 0,
        lease_until timestamptz(3),
        retry_at timestamptz(3),
        cancel_requested_at timestamptz(3),
        charged_day date,
        finish_reason text,
        block_reason text,
        error_code text,
        input_tokens integer,
        output_tokens integer,
        reasoning_tokens integer,
        total_tokens integer,
        usage_estimated boolean,
        context_turns integer,
        context_trimmed integer,
        context_summarised integer,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        started_at timestamptz(3),
        first_token_at timestamptz(3),
        completed_at timestamptz(3),
        CONSTRAINT uq_messages_position UNIQUE (chatroom_id, position),
        CONSTRAINT ck_messages_role CHECK (role IN ('user', 'model')),
        CONSTRAINT ck_messages_status CHECK (status IN ('pending', 'streaming', 'completed', 'failed', 'blocked', 'cancelled')),
        CONSTRAINT ck_messages_user_completed CHECK (role = 'model' OR status = 'completed'),
        CONSTRAINT ck_messages_completed_at CHECK ((completed_at IS NULL) = (status IN ('pending', 'streaming'))),
        CONSTRAINT ck_messages_reply_parent CHECK (role = 'user' OR parent_id IS NOT NULL),
        CONSTRAINT ck_messages_failed_error CHECK ((error_code IS NOT NULL) = (status = 'failed')),
        CONSTRAINT ck_messages_failed_free CHECK (status <> 'failed' OR charged_day IS NULL),
        CONSTRAINT ck_messages_attempt CHECK (attempt >= 0),
        CONSTRAINT ck_messages_depth CHECK ((depth = 1) = (parent_id IS NULL))
      )`);
    await queryRunner.query(`CREATE INDEX ix_messages_parent ON messages (parent_id, position)`);
    await queryRunner.query(`CREATE INDEX ix_messages_roots ON messages (chatroom_id, position) WHERE parent_id IS NULL`);
    // What the worker side looks at: few rows however large the table grows.
    await queryRunner.query(
      `CREATE INDEX ix_messages_unfinished ON messages (chatroom_id, position) WHERE status IN ('pending', 'streaming')`,
    );
    // Replies of a room run one at a time, over all branches.
    await queryRunner.query(`CREATE UNIQUE INDEX uq_messages_streaming ON messages (chatroom_id) WHERE status = 'streaming'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE messages`);
    await queryRunner.query(`DROP TABLE chatrooms`);
  }
}
