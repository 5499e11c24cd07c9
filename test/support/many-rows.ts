import { Client } from 'pg';

const ROOM_SIZE = 20;

/** The day's rows of a roll-up that is spread as the service spreads it. */
const MODEL_HOURS = `
  INSERT INTO model_hours (hour, model, purpose, outcome, reason, shard, count, input_tokens, output_tokens, reasoning_tokens, cost_micros,
    first_token_counts, total_counts)
  SELECT date_trunc('hour', now(), 'UTC') - n * interval '1 hour', model, 'reply', outcome, reason, shard, $1 / (24 * 60 * 16), 1000, 2000, 0, 3,
    array_fill(1, ARRAY[30]), array_fill(1, ARRAY[30])
  FROM generate_series(0, 24 * 60 - 1) n, unnest(ARRAY['gemini-3.5-flash-lite', 'gemini-3.5-flash']) model, generate_series(0, 7) shard,
    (VALUES ('accepted', ''), ('completed', 'stop'), ('failed', 'model_timeout')) AS ends (outcome, reason)`;

/**
 * Fills a migrated, empty database with users, rooms, messages, days of use and roll-ups of sixty days, as if the
 * service had run for them.
 *
 * @param messages of all users; a room has twenty, every second user has a room
 */
export async function fillWithMessages(databaseUrl: string, messages: number): Promise<void> {
  const rooms = Math.ceil(messages / ROOM_SIZE);
  const users = rooms * 2;
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const id = (sort: string, n: string) =>
    `overlay(overlay(md5('${sort}' || (${n})::text) PLACING '7' FROM 13 FOR 1) PLACING '8' FROM 17 FOR 1)::uuid`;
  const at = (n: string, of: number) => `now() - (1 - (${n})::float8 / ${of}) * interval '60 days' - interval '1 minute'`;
  try {
    // What the rows refer to is made beside them; looking each up again would take most of the time.
    await client.query('SET session_replication_role = replica');
    await client.query(
      `INSERT INTO users (id, username, mobile_number, email, verified_at, disabled_at, created_at)
       SELECT ${id('user', 'n')}, 'person_' || n, '+1' || (2000000000 + n), 'person' || n || '@example.com', CASE WHEN n % 10 > 0 THEN now() END,
         CASE WHEN n % 500 = 0 THEN now() END, ${at('n', users)}
       FROM generate_series(1, ${users}) n`,
    );
    await client.query(
      `INSERT INTO chatrooms (id, user_id, last_position, created_at)
       SELECT ${id('room', 'n')}, ${id('user', `n % ${users} + 1`)}, ${ROOM_SIZE}, ${at('n', rooms)} FROM generate_series(1, ${rooms}) n`,
    );
    await client.query(
      `INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, content, model, error_code, attempt,
         created_at, completed_at)
       SELECT ${id('message', 'n')}, ${id('room', 'room')}, ${id('user', `room % ${users} + 1`)}, position, position, 1,
         CASE WHEN position > 1 THEN ${id('message', 'n - 1')} END, CASE WHEN position % 2 = 1 THEN 'user' ELSE 'model' END,
         CASE WHEN is_failed THEN 'failed' ELSE 'completed' END, 'Hello', CASE WHEN position % 2 = 0 THEN 'gemini-3.5-flash-lite' END,
         CASE WHEN is_failed THEN 'model_timeout' END, 1, at, at + interval '1 second'
       FROM (
         SELECT n, (n - 1) / ${ROOM_SIZE} + 1 AS room, (n - 1) % ${ROOM_SIZE} + 1 AS position, n % 200 = 0 AS is_failed, ${at('n', messages)} AS at
         FROM generate_series(1, ${rooms * ROOM_SIZE}) n
       ) made`,
    );
    await client.query(
      `INSERT INTO usage_days (user_id, day, messages)
       SELECT ${id('user', 'n')}, (now() AT TIME ZONE 'UTC')::date - d, 3 FROM generate_series(1, ${users}) n, generate_series(0, 59) d
       WHERE (n + d) % 4 = 0`,
    );
    await client.query(
      `INSERT INTO grants (id, user_id, entitled_until, reason, created_at)
       SELECT ${id('grant', 'n')}, ${id('user', 'n')}, now() + (n % 3 - 1) * interval '20 days', 'test', ${at('n', users)}
       FROM generate_series(1, ${users}, 10) n`,
    );
    await client.query(
      `INSERT INTO subscriptions (id, user_id, stripe_subscription_id, status, entitled_until, created_at)
       SELECT ${id('subscription', 'n')}, ${id('user', 'n')}, 'sub_' || n, CASE WHEN n % 3 = 0 THEN 'active' ELSE 'canceled' END,
         CASE WHEN n % 3 = 0 THEN now() + interval '20 days' END, ${at('n', users)}
       FROM generate_series(2, ${users}, 5) n`,
    );
    await client.query(
      `INSERT INTO stripe_customers (user_id, stripe_customer_id, check_at, created_at)
       SELECT ${id('user', 'n')}, 'cus_' || n, CASE WHEN n % 3 = 0 THEN now() + (n % 50 - 1) * interval '1 hour' END, ${at('n', users)}
       FROM generate_series(1, ${users}) n`,
    );
    await client.query(
      `INSERT INTO feedback (message_id, user_id, rating, model, day)
       SELECT id, user_id, CASE WHEN n % 50 = 0 THEN 'down' ELSE 'up' END, model, created_at::date
       FROM (SELECT *, row_number() OVER (ORDER BY created_at) AS n FROM messages WHERE role = 'model') rated WHERE n % 2 = 0`,
    );
    await client.query(
      `INSERT INTO audit_log (id, actor_id, action, target_type, target_id, ip, created_at)
       SELECT ${id('entry', 'n')}, ${id('user', '1')}, CASE WHEN n % 2 = 0 THEN 'user.update' ELSE 'message.retry' END, 'user',
         ${id('user', `n % ${users} + 1`)}::text, '192.0.2.1', ${at('n', users)}
       FROM generate_series(1, ${users}) n`,
    );
    await client.query(
      `INSERT INTO stripe_events (id, type, livemode, occurred_at, received_at, due_at, processed_at, outcome)
       SELECT 'evt_' || n, 'invoice.paid', false, now(), ${at('n', users)}, now(), now(), 'applied' FROM generate_series(1, ${users}) n`,
    );
    await client.query(MODEL_HOURS, [messages]);
    await client.query('VACUUM ANALYZE');
  } finally {
    await client.end();
  }
}
