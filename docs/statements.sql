-- Every named statement as it is sent, but for the parameters: PostgreSQL sees $1, $2, … in the order of the list.
-- Made by `npm run generate`; `npm run check` fails when it is out of date.

-- account_delete_user
DELETE FROM users WHERE id = $1 AND ($2::boolean OR reclaimed_at IS NULL) RETURNING id;

-- account_export_audit_log
SELECT id, action, target_type, target_id, before, after, reason, CASE WHEN actor_id = $1 THEN ip END AS ip,
  CASE WHEN actor_id = $1 THEN device END AS device, created_at
FROM audit_log WHERE actor_id = $1 OR target_id = $1::text ORDER BY created_at, id;

-- account_export_chatroom
SELECT id, name, system_instruction, model, archived, last_message_at, created_at, updated_at FROM chatrooms WHERE id = $1 AND user_id = $2;

-- account_export_chatroom_ids
SELECT id FROM chatrooms WHERE user_id = $1 ORDER BY created_at, id;

-- account_export_checkouts
SELECT id, status, success_url, cancel_url, stripe_session_id, created_at FROM checkouts WHERE user_id = $1 ORDER BY created_at, id;

-- account_export_grants
SELECT id, entitled_until, reason, created_at, revoked_at FROM grants WHERE user_id = $1 ORDER BY id;

-- account_export_idempotency_keys
SELECT scope, key, result, created_at FROM idempotency_keys WHERE user_id = $1 ORDER BY scope, key;

-- account_export_messages
SELECT * FROM (
  WITH bounded AS MATERIALIZED (SELECT position, id, role, status, content, parent_id, model, finish_reason, error_code, input_tokens, output_tokens, reasoning_tokens,
    total_tokens, usage_estimated, created_at, completed_at,
    (SELECT d.content FROM digests d WHERE d.message_id = messages.id AND d.kind = 'summary') AS summary_up_to_here
  FROM messages WHERE chatroom_id = $1 AND position > $2 ORDER BY position LIMIT $3)
  SELECT m.*, lead(true, 1, false) OVER (ORDER BY m.position) AS goes_on FROM bounded AS m ORDER BY m.position LIMIT (
    SELECT greatest(1, count(*) FILTER (WHERE bytes <= 1048576))
    FROM (SELECT sum(coalesce(octet_length(m.content), 0)) OVER (ORDER BY m.position) AS bytes FROM bounded AS m) AS sums
  )
) AS m ORDER BY m.position;

-- account_export_otp_challenges
SELECT id, mobile_number, purpose, attempts, created_at, expires_at, consumed_at FROM otp_challenges WHERE user_id = $1 ORDER BY id;

-- account_export_sessions
SELECT id, device, ip, created_at, last_used_at, expires_at, ended_at FROM sessions WHERE user_id = $1 ORDER BY created_at, id;

-- account_export_stripe_customers
SELECT stripe_customer_id, synced_at, created_at FROM stripe_customers WHERE user_id = $1;

-- account_export_stripe_events
SELECT e.id, e.type, e.object_id, e.payload, e.occurred_at, e.received_at FROM stripe_events e JOIN stripe_customers c USING (stripe_customer_id)
WHERE c.user_id = $1 ORDER BY e.occurred_at, e.id;

-- account_export_subscription_transitions
SELECT id, subject_kind, subject_id, cause, reason, before, after, created_at FROM subscription_transitions WHERE user_id = $1
ORDER BY created_at, id;

-- account_export_subscriptions
SELECT id, stripe_subscription_id, status, entitled_until, current_period_end, ends_at, started_at, created_at, updated_at FROM subscriptions WHERE user_id = $1 ORDER BY id;

-- account_export_usage_days
SELECT day, messages FROM usage_days WHERE user_id = $1 ORDER BY day;

-- account_export_user_model_days
SELECT day, model, messages, input_tokens::float8, output_tokens::float8, reasoning_tokens::float8, cost_micros::float8 / 1000000 AS cost_usd
FROM user_model_days WHERE user_id = $1 ORDER BY day, model;

-- active_user_days_keep
--   parameters: first date, last date
INSERT INTO active_user_days (day, users)
SELECT days.day, (SELECT count(*) FROM usage_days u WHERE u.day = days.day)
FROM (SELECT d::date AS day FROM generate_series(:first::date, :last::date, interval '1 day') d) days
WHERE (days.day + interval '1 day 1 hour') AT TIME ZONE 'UTC' < now()
  AND NOT EXISTS (SELECT 1 FROM active_user_days k WHERE k.day = days.day)
ON CONFLICT ON CONSTRAINT pk_active_user_days DO NOTHING;

-- active_user_days_list
--   parameters: first date, last date
--   columns: day text, users int4
SELECT to_char(d, 'YYYY-MM-DD') AS day,
  coalesce(k.users, (SELECT count(*)::integer FROM usage_days u WHERE u.day = d::date)) AS users
FROM generate_series(:first::date, :last::date, interval '1 day') d LEFT JOIN active_user_days k ON k.day = d::date
ORDER BY d;

-- admin_stats_users
--   parameters: from timestamptz, to timestamptz
--   columns: total int4, verified int4, disabled int4, administrators int4, pro int4, new int4
WITH everybody AS MATERIALIZED (SELECT count(*)::integer AS total FROM users)
SELECT total, total - (SELECT count(*)::integer FROM users WHERE verified_at IS NULL) AS verified,
  (SELECT count(*)::integer FROM users WHERE disabled_at IS NOT NULL) AS disabled,
  (SELECT count(*)::integer FROM users WHERE role = 'admin') AS administrators,
  (SELECT count(*)::integer FROM (
     SELECT user_id FROM subscriptions WHERE entitled_until > now()
     UNION SELECT user_id FROM grants WHERE entitled_until > now() AND revoked_at IS NULL
   ) entitled) AS pro,
  (SELECT count(*)::integer FROM users WHERE created_at >= :from AND created_at < :to) AS new
FROM everybody;

-- admin_user_stats
--   parameters: user_id uuid
--   columns: unfinished_replies int4, chatroom_count int4, messages_today int4, messages_30_days int4
SELECT u.unfinished_replies,
  (SELECT count(*)::integer FROM chatrooms c WHERE c.user_id = u.id) AS chatroom_count,
  coalesce((SELECT d.messages FROM usage_days d WHERE d.user_id = u.id AND d.day = today.day), 0) AS messages_today,
  (SELECT coalesce(sum(d.messages), 0)::integer FROM usage_days d
    WHERE d.user_id = u.id AND d.day > today.day - 30) AS messages_30_days
FROM users u, (SELECT (now() AT TIME ZONE 'UTC')::date AS day) today WHERE u.id = :user_id;

-- chatrooms_find
SELECT c.id, c.name, c.system_instruction, c.model, c.archived, c.last_position AS message_count, c.last_message_at, c.last_activity_at,
c.created_at, c.updated_at,
(SELECT m.id FROM messages m WHERE m.chatroom_id = c.id AND m.status IN ('pending', 'streaming') ORDER BY m.position LIMIT 1) AS active_reply_id FROM chatrooms c WHERE c.id = $2 AND c.user_id = $1;

-- chatrooms_find_all
SELECT * FROM (
   WITH bounded AS MATERIALIZED (SELECT c.id, c.name, c.system_instruction, c.model, c.archived, c.last_position AS message_count, c.last_message_at, c.last_activity_at,
c.created_at, c.updated_at,
(SELECT m.id FROM messages m WHERE m.chatroom_id = c.id AND m.status IN ('pending', 'streaming') ORDER BY m.position LIMIT 1) AS active_reply_id FROM chatrooms c WHERE c.id = ANY ($2::uuid[]) AND c.user_id = $1 ORDER BY c.last_activity_at DESC, c.id DESC)
   SELECT c.*, lead(true, 1, false) OVER (ORDER BY c.last_activity_at DESC, c.id DESC) AS goes_on FROM bounded AS c ORDER BY c.last_activity_at DESC, c.id DESC LIMIT (
     SELECT greatest(1, count(*) FILTER (WHERE bytes <= 1048576))
     FROM (SELECT sum(coalesce(octet_length(c.system_instruction), 0) + coalesce(octet_length(c.name), 0)) OVER (ORDER BY c.last_activity_at DESC, c.id DESC) AS bytes FROM bounded AS c) AS sums
   )
 ) AS c ORDER BY c.last_activity_at DESC, c.id DESC;

-- chatrooms_insert
WITH owner AS (
   UPDATE users SET list_version = list_version + 1, chatroom_count = chatroom_count + 1
   WHERE id = $1 AND usage_counted_at IS NOT NULL AND chatroom_count < $9 AND ($10::boolean OR reclaimed_at IS NULL) RETURNING id
 ), room AS (
   INSERT INTO chatrooms AS c (id, user_id, name, system_instruction, model)
   SELECT $2::uuid, $1::uuid, $3::text, $4::text, $5::text
   WHERE EXISTS (SELECT FROM owner) OR NOT EXISTS (SELECT FROM users WHERE id = $1)
   RETURNING c.id, c.name, c.system_instruction, c.model, c.archived, c.last_position AS message_count, c.last_message_at, c.last_activity_at,
c.created_at, c.updated_at, NULL::uuid AS active_reply_id
 ), key AS (
   INSERT INTO idempotency_keys (user_id, scope, key, fingerprint, result)
   SELECT $1, $6, $7, $8, to_jsonb(room) FROM room WHERE $7::text IS NOT NULL
 )
 SELECT * FROM room;

-- chatrooms_list
SELECT * FROM (
   WITH bounded AS MATERIALIZED (SELECT c.id, c.name, c.system_instruction, c.model, c.archived, c.last_position AS message_count, c.last_message_at, c.last_activity_at,
c.created_at, c.updated_at,
(SELECT m.id FROM messages m WHERE m.chatroom_id = c.id AND m.status IN ('pending', 'streaming') ORDER BY m.position LIMIT 1) AS active_reply_id FROM chatrooms c
   WHERE c.user_id = $1 AND c.archived = $2 AND (c.last_activity_at, c.id) < ($3::timestamptz, $4::uuid)
   ORDER BY c.last_activity_at DESC, c.id DESC LIMIT $5)
   SELECT c.*, lead(true, 1, false) OVER (ORDER BY c.last_activity_at DESC, c.id DESC) AS goes_on FROM bounded AS c ORDER BY c.last_activity_at DESC, c.id DESC LIMIT (
     SELECT greatest(1, count(*) FILTER (WHERE bytes <= 1048576))
     FROM (SELECT sum(coalesce(octet_length(c.system_instruction), 0) + coalesce(octet_length(c.name), 0)) OVER (ORDER BY c.last_activity_at DESC, c.id DESC) AS bytes FROM bounded AS c) AS sums
   )
 ) AS c ORDER BY c.last_activity_at DESC, c.id DESC;

-- chatrooms_names
SELECT c.id, c.name, c.last_activity_at FROM chatrooms c
WHERE c.user_id = $1 AND c.archived = $2 AND (c.last_activity_at, c.id) < ($3::timestamptz, $4::uuid)
ORDER BY c.last_activity_at DESC, c.id DESC LIMIT $5;

-- chatrooms_update
WITH owner AS (
   UPDATE users SET list_version = list_version + 1 WHERE id = $1 AND EXISTS (SELECT 1 FROM chatrooms WHERE id = $2 AND user_id = $1) RETURNING id
 )
 UPDATE chatrooms c SET
   name = CASE WHEN $3 THEN $4::text ELSE c.name END,
   system_instruction = CASE WHEN $5 THEN $6::text ELSE c.system_instruction END,
   model = CASE WHEN $7 THEN $8::text ELSE c.model END,
   archived = coalesce($9::boolean, c.archived),
   updated_at = now()
 FROM owner WHERE c.id = $2 AND c.user_id = owner.id
 RETURNING c.id, c.name, c.system_instruction, c.model, c.archived, c.last_position AS message_count, c.last_message_at, c.last_activity_at,
c.created_at, c.updated_at,
(SELECT m.id FROM messages m WHERE m.chatroom_id = c.id AND m.status IN ('pending', 'streaming') ORDER BY m.position LIMIT 1) AS active_reply_id;

-- checkouts_find_open
--   parameters: user_id uuid
--   columns: id uuid, successUrl text, cancelUrl text, stripeSessionId text, url text, is_stale bool
SELECT id, success_url AS "successUrl", cancel_url AS "cancelUrl", stripe_session_id AS "stripeSessionId", url, stripe_session_id IS NULL AND created_at < now() - interval '1 minute' AS is_stale
FROM checkouts WHERE user_id = :user_id AND status = 'open';

-- checkouts_insert
--   parameters: id uuid, user_id uuid, success_url text, cancel_url text
--   columns: id uuid
INSERT INTO checkouts (id, user_id, success_url, cancel_url) VALUES (:id, :user_id, :success_url, :cancel_url)
ON CONFLICT (user_id) WHERE status = 'open' DO NOTHING RETURNING id;

-- counters_give_back
--   parameters: key bytea
UPDATE counters SET count = count - 1 WHERE key = :key AND count > 0;

-- counters_peek_all
--   parameters: keys bytea[]
--   columns: key bytea, count int4, retry_after float8
SELECT key, count, extract(epoch FROM window_ends_at - now())::float8 AS retry_after FROM counters
WHERE key = ANY (:keys::bytea[]) AND window_ends_at > now();

-- counters_reset
--   parameters: key bytea
DELETE FROM counters WHERE key = :key;

-- counters_take
--   parameters: key bytea, limit int4, window_seconds float8
--   columns: taken bool, count int4, retry_after float8
INSERT INTO counters AS c (key, count, window_ends_at) VALUES (:key, 1, now() + make_interval(secs => :window_seconds))
ON CONFLICT (key) DO UPDATE SET
  count = CASE WHEN c.window_ends_at <= now() THEN 1 ELSE least(c.count, :limit) + 1 END,
  window_ends_at = CASE WHEN c.window_ends_at <= now() THEN now() + make_interval(secs => :window_seconds) ELSE c.window_ends_at END
RETURNING count <= :limit AS taken, count, extract(epoch FROM window_ends_at - now())::float8 AS retry_after;

-- counters_take_all
--   parameters: keys bytea[], limits int4[], windows int4[]
--   columns: key bytea, count int4, retry_after float8
WITH wanted AS (SELECT * FROM unnest(:keys::bytea[], :limits::integer[], :windows::integer[]) AS w(key, max, seconds))
INSERT INTO counters AS c (key, count, window_ends_at) SELECT key, 1, now() + make_interval(secs => seconds) FROM wanted ORDER BY key
ON CONFLICT (key) DO UPDATE SET
  count = CASE WHEN c.window_ends_at <= now() THEN 1 ELSE least(c.count, (SELECT max FROM wanted w WHERE w.key = c.key)) + 1 END,
  window_ends_at = CASE WHEN c.window_ends_at <= now() THEN excluded.window_ends_at ELSE c.window_ends_at END
RETURNING key, count, extract(epoch FROM window_ends_at - now())::float8 AS retry_after;

-- customer_closures_postpone
--   parameters: stripe_customer_id text, error text
UPDATE customer_closures SET attempts = attempts + 1, last_error = :error,
  due_at = now() + least(power(2, least(attempts, 12)) * interval '2 seconds', interval '1 hour')
WHERE stripe_customer_id = :stripe_customer_id;

-- customer_closures_take_due
--   parameters: limit int8
--   columns: stripe_customer_id text
UPDATE customer_closures SET due_at = now() + interval '30 seconds' WHERE stripe_customer_id IN (
  SELECT stripe_customer_id FROM customer_closures WHERE closed_at IS NULL AND due_at <= now() ORDER BY due_at LIMIT :limit
  FOR UPDATE SKIP LOCKED
) RETURNING stripe_customer_id;

-- database_try_lock
--   parameters: lock int8
--   columns: locked bool, set_config text
SELECT pg_try_advisory_xact_lock(:lock) AS locked, set_config('idle_in_transaction_session_timeout', '10s', true);

-- digests_claim
--   parameters: message_id uuid, kind text, lease_ms float8
--   columns: messageId uuid, kind text, attempt int4, plan text, titleRequests int4
UPDATE digests d SET attempt = d.attempt + 1, due_at = now() + :lease_ms * interval '1 millisecond'
FROM messages m JOIN user_plans p ON p.user_id = m.user_id JOIN chatrooms c ON c.id = m.chatroom_id
WHERE d.message_id = :message_id AND d.kind = :kind AND d.due_at <= now() AND m.id = d.message_id
RETURNING d.message_id AS "messageId", d.kind, d.attempt, p.plan, c.title_requests AS "titleRequests";

-- digests_finish_summary
--   parameters: message_id uuid, kind text, attempt int4, model text, outcome text, reason text, input_tokens int8, output_tokens int8, reasoning_tokens int8, cost_micros int8, content text, covered int4
WITH finished AS (
  UPDATE digests d SET due_at = NULL, content = :content, covered = CASE WHEN :content::text IS NOT NULL THEN :covered::integer END
  WHERE d.message_id = :message_id AND d.kind = :kind AND d.attempt = :attempt AND d.due_at IS NOT NULL RETURNING 1
)
INSERT INTO model_hours AS h (hour, model, purpose, outcome, reason, shard, count, input_tokens, output_tokens, reasoning_tokens,
    cost_micros, first_token_counts, total_counts)
  SELECT date_trunc('hour', now(), 'UTC'), :model, :kind, :outcome, :reason,
    get_byte(uuid_send(:message_id::uuid), 15) % 8, 1, :input_tokens::bigint, :output_tokens::bigint, :reasoning_tokens::bigint, :cost_micros::bigint,
    array_fill(0, ARRAY[30]), array_fill(0, ARRAY[30])
  FROM finished
  ON CONFLICT ON CONSTRAINT pk_model_hours DO UPDATE SET count = h.count + excluded.count,
    input_tokens = h.input_tokens + excluded.input_tokens, output_tokens = h.output_tokens + excluded.output_tokens,
    reasoning_tokens = h.reasoning_tokens + excluded.reasoning_tokens, cost_micros = h.cost_micros + excluded.cost_micros;

-- digests_finish_title
--   parameters: message_id uuid, kind text, attempt int4, model text, outcome text, reason text, input_tokens int8, output_tokens int8, reasoning_tokens int8, cost_micros int8, content text
WITH claimed AS (
  SELECT m.chatroom_id, m.user_id FROM digests d JOIN messages m ON m.id = d.message_id WHERE d.message_id = :message_id AND d.kind = :kind AND d.attempt = :attempt AND d.due_at IS NOT NULL
), owner AS (
  UPDATE users SET list_version = users.list_version + 1 FROM claimed
  WHERE users.id = claimed.user_id AND :content::text IS NOT NULL RETURNING users.id
), named AS (
  UPDATE chatrooms c SET name = :content, updated_at = now() FROM claimed, owner
  WHERE c.id = claimed.chatroom_id AND c.name IS NULL RETURNING 1
), finished AS (
  DELETE FROM digests d USING (SELECT count(*) FROM named) AS one WHERE d.message_id = :message_id AND d.kind = :kind AND d.attempt = :attempt AND d.due_at IS NOT NULL RETURNING 1
)
INSERT INTO model_hours AS h (hour, model, purpose, outcome, reason, shard, count, input_tokens, output_tokens, reasoning_tokens,
    cost_micros, first_token_counts, total_counts)
  SELECT date_trunc('hour', now(), 'UTC'), :model, :kind, :outcome, :reason,
    get_byte(uuid_send(:message_id::uuid), 15) % 8, 1, :input_tokens::bigint, :output_tokens::bigint, :reasoning_tokens::bigint, :cost_micros::bigint,
    array_fill(0, ARRAY[30]), array_fill(0, ARRAY[30])
  FROM finished
  ON CONFLICT ON CONSTRAINT pk_model_hours DO UPDATE SET count = h.count + excluded.count,
    input_tokens = h.input_tokens + excluded.input_tokens, output_tokens = h.output_tokens + excluded.output_tokens,
    reasoning_tokens = h.reasoning_tokens + excluded.reasoning_tokens, cost_micros = h.cost_micros + excluded.cost_micros;

-- digests_first_contents
--   parameters: message_id uuid, characters int4, messages int8
--   columns: content text
SELECT left(f.content, :characters) AS content
FROM messages m JOIN messages f ON f.chatroom_id = m.chatroom_id AND f.role = 'user'
WHERE m.id = :message_id ORDER BY f.position LIMIT :messages;

-- digests_postpone
--   parameters: message_id uuid, kind text, attempt int4, delay_ms float8, uncounted int4
UPDATE digests d SET due_at = now() + :delay_ms * interval '1 millisecond', attempt = d.attempt - :uncounted WHERE d.message_id = :message_id AND d.kind = :kind AND d.attempt = :attempt AND d.due_at IS NOT NULL;

-- erased_days_keep
--   parameters: user_id uuid, number_hash bytea
INSERT INTO erased_days AS e (day, number_hash, messages)
SELECT d.day, :number_hash, d.messages FROM usage_days d JOIN users u ON u.id = d.user_id
WHERE d.user_id = :user_id AND d.day >= (now() AT TIME ZONE 'UTC')::date AND d.messages > 0 AND u.verified_at IS NOT NULL
ON CONFLICT ON CONSTRAINT pk_erased_days DO UPDATE SET messages = greatest(e.messages, excluded.messages);

-- grants_lock_user
--   parameters: user_id uuid
--   columns: id uuid
SELECT id FROM users WHERE id = :user_id FOR NO KEY UPDATE;

-- grants_revoke
--   parameters: user_id uuid
--   columns: id uuid, entitledUntil timestamptz, reason text, createdAt timestamptz, revokedAt timestamptz
UPDATE grants SET revoked_at = now() WHERE user_id = :user_id AND revoked_at IS NULL AND entitled_until > now()
RETURNING id, entitled_until AS "entitledUntil", reason, created_at AS "createdAt", revoked_at AS "revokedAt";

-- idempotency_keys_forget
DELETE FROM idempotency_keys WHERE user_id = $1;

-- idempotency_keys_store
--   parameters: user_id uuid, scope text, key text, fingerprint bytea, result jsonb
INSERT INTO idempotency_keys (user_id, scope, key, fingerprint, result) VALUES (:user_id, :scope, :key, :fingerprint, :result);

-- messages_accept
--   parameters: user_id uuid, chatroom_id uuid, basic_limit int4, basic_models text[], pro_models text[], max_unfinished int4, reply_id uuid, key_scope text, key text, fingerprint bytea, message_id uuid, content text, words text
--   columns: parentId uuid, isRoomFound bool, dailyLimit int4, model text, position int4, now timestamptz, resetsAt timestamptz, used int4
WITH room AS (
  SELECT c.id, c.model, c.last_position AS seen, p.plan, (now() AT TIME ZONE 'UTC')::date AS day,
         CASE p.plan WHEN 'basic' THEN :basic_limit::integer END AS daily_limit,
         CASE p.plan WHEN 'basic' THEN :basic_models::text[] ELSE :pro_models::text[] END AS models FROM chatrooms c JOIN user_plans p ON p.user_id = c.user_id WHERE c.id = :chatroom_id AND c.user_id = :user_id
), quota AS (
  INSERT INTO usage_days AS u (user_id, day, messages)
  SELECT :user_id, room.day, 1 FROM room WHERE coalesce(room.daily_limit, 1) > 0 AND true
  ON CONFLICT ON CONSTRAINT pk_usage_days DO UPDATE SET messages = u.messages + 1
    WHERE u.messages < (SELECT coalesce(room.daily_limit, 2147483647) FROM room)
  RETURNING u.day
), owner AS (
  UPDATE users SET list_version = users.list_version + 1, unfinished_replies = users.unfinished_replies + 1,
    indexed_messages = users.indexed_messages + 1, stored_bytes = users.stored_bytes + octet_length(:content::text)
  FROM quota WHERE users.id = :user_id AND users.unfinished_replies < :max_unfinished
  RETURNING users.indexed_messages
), branch AS (
  UPDATE chatrooms c SET last_position = c.last_position + 2, previous_leaf_id = c.active_leaf_id, active_leaf_id = :reply_id,
    active_leaf_depth = c.active_leaf_depth + 2, active_run = CASE c.active_run WHEN 0 THEN c.last_position + 1 ELSE c.active_run END,
    last_message_at = now(), last_activity_at = now()
  FROM owner WHERE c.id = :chatroom_id
  RETURNING c.last_position, c.previous_leaf_id, c.active_leaf_depth, c.active_run, owner.indexed_messages
), message AS (
  INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, content, words, words_version, completed_at)
  SELECT :message_id, :chatroom_id, :user_id, branch.last_position - 1, branch.active_leaf_depth - 1, branch.active_run, branch.previous_leaf_id,
         'user', 'completed', :content, replace(:words::text, '~', right(:user_id::uuid::text, 12) || lpad(to_hex((branch.indexed_messages) / 2048), 4, '0'))::tsvector, 2, now()
  FROM quota LEFT JOIN branch ON true
  RETURNING id
), reply AS (
  INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, model, charged_day)
  SELECT :reply_id, :chatroom_id, :user_id, branch.last_position, branch.active_leaf_depth, branch.active_run, message.id,
         'model', 'pending', CASE WHEN room.model = ANY (room.models) THEN room.model ELSE room.models[1] END, quota.day
  FROM message, branch, quota, room
  RETURNING id, model
), counted AS (
  INSERT INTO model_hours AS h (hour, model, purpose, outcome, reason, shard, count, input_tokens, output_tokens, reasoning_tokens,
    cost_micros, first_token_counts, total_counts)
  SELECT date_trunc('hour', now(), 'UTC'), reply.model, 'reply', 'accepted', room.plan,
    get_byte(uuid_send(reply.id), 15) % 8, 1, 0, 0, 0, 0,
    array_fill(0, ARRAY[30]), array_fill(0, ARRAY[30])
  FROM reply, room
  ON CONFLICT ON CONSTRAINT pk_model_hours DO UPDATE SET count = h.count + excluded.count,
    input_tokens = h.input_tokens + excluded.input_tokens, output_tokens = h.output_tokens + excluded.output_tokens,
    reasoning_tokens = h.reasoning_tokens + excluded.reasoning_tokens, cost_micros = h.cost_micros + excluded.cost_micros
  RETURNING 1
), key AS (
  INSERT INTO idempotency_keys (user_id, scope, key, fingerprint, result)
  SELECT :user_id, :key_scope, :key, :fingerprint, jsonb_build_object('message_id', :message_id::uuid, 'reply_id', reply.id)
  FROM reply, (SELECT count(*) FROM counted) AS one WHERE :key::text IS NOT NULL
)
SELECT branch.previous_leaf_id AS "parentId", room.id IS NOT NULL AS "isRoomFound", room.daily_limit AS "dailyLimit", reply.model, branch.last_position AS position,
       now()::timestamptz(3) AS now, (room.day + 1)::timestamp AT TIME ZONE 'UTC' AS "resetsAt",
       coalesce((SELECT u.messages FROM usage_days u WHERE u.user_id = :user_id AND u.day = room.day), 0) AS used
FROM (VALUES (1)) AS one LEFT JOIN room ON true LEFT JOIN branch ON true LEFT JOIN reply ON true;

-- messages_accept_branch
--   parameters: user_id uuid, chatroom_id uuid, basic_limit int4, basic_models text[], pro_models text[], max_unfinished int4, reply_id uuid, key_scope text, key text, fingerprint bytea, message_id uuid, content text, words text, target_id uuid, target_role text, max_siblings int4
--   columns: parentId uuid, siblingCount int4, targetRole text, isRoomFound bool, dailyLimit int4, model text, position int4, now timestamptz, resetsAt timestamptz, used int4
WITH room AS (
  SELECT c.id, c.model, c.last_position AS seen, p.plan, (now() AT TIME ZONE 'UTC')::date AS day,
         CASE p.plan WHEN 'basic' THEN :basic_limit::integer END AS daily_limit,
         CASE p.plan WHEN 'basic' THEN :basic_models::text[] ELSE :pro_models::text[] END AS models, t.role AS target_role, parent.id AS parent_id, coalesce(parent.depth, 0) AS parent_depth, parent.run AS parent_run,
         CASE WHEN parent.id IS NULL
           THEN (SELECT count(*)::integer FROM messages s WHERE s.chatroom_id = c.id AND s.parent_id IS NULL)
           ELSE (SELECT count(*)::integer FROM messages s WHERE s.parent_id = parent.id)
         END AS sibling_count
  FROM chatrooms c JOIN user_plans p ON p.user_id = c.user_id
    JOIN messages t ON t.id = :target_id AND t.chatroom_id = c.id
    LEFT JOIN messages parent ON parent.id = CASE t.role WHEN 'user' THEN t.parent_id ELSE t.id END
  WHERE c.id = :chatroom_id AND c.user_id = :user_id
), quota AS (
  INSERT INTO usage_days AS u (user_id, day, messages)
  SELECT :user_id, room.day, 1 FROM room WHERE coalesce(room.daily_limit, 1) > 0 AND room.target_role = :target_role AND room.sibling_count < :max_siblings
  ON CONFLICT ON CONSTRAINT pk_usage_days DO UPDATE SET messages = u.messages + 1
    WHERE u.messages < (SELECT coalesce(room.daily_limit, 2147483647) FROM room)
  RETURNING u.day
), owner AS (
  UPDATE users SET list_version = users.list_version + 1, unfinished_replies = users.unfinished_replies + 1,
    indexed_messages = users.indexed_messages + 1, stored_bytes = users.stored_bytes + octet_length(:content::text)
  FROM quota WHERE users.id = :user_id AND users.unfinished_replies < :max_unfinished
  RETURNING users.indexed_messages
), branch AS (
  UPDATE chatrooms c SET last_position = c.last_position + 2, previous_leaf_id = c.active_leaf_id, active_leaf_id = :reply_id,
    active_leaf_depth = room.parent_depth + 2,
    active_run = CASE WHEN room.sibling_count = 0 AND room.parent_run IS NOT NULL THEN room.parent_run ELSE c.last_position + 1 END,
    last_message_at = now(), last_activity_at = now()
  FROM owner, room WHERE c.id = :chatroom_id AND c.last_position = room.seen
  RETURNING c.last_position, c.active_leaf_depth, c.active_run, owner.indexed_messages,
    CASE WHEN c.active_run > c.last_position - 2 THEN room.parent_run END AS forked_run
), message AS (
  INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, forked_run, parent_id, role, status, content, words, words_version, completed_at)
  SELECT :message_id, :chatroom_id, :user_id, branch.last_position - 1, branch.active_leaf_depth - 1, branch.active_run, branch.forked_run,
         room.parent_id, 'user', 'completed', :content, replace(:words::text, '~', right(:user_id::uuid::text, 12) || lpad(to_hex((branch.indexed_messages) / 2048), 4, '0'))::tsvector, 2, now()
  FROM quota JOIN room ON true LEFT JOIN branch ON true
  RETURNING id
), reply AS (
  INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, model, charged_day)
  SELECT :reply_id, :chatroom_id, :user_id, branch.last_position, branch.active_leaf_depth, branch.active_run, message.id,
         'model', 'pending', CASE WHEN room.model = ANY (room.models) THEN room.model ELSE room.models[1] END, quota.day
  FROM message, branch, quota, room
  RETURNING id, model
), counted AS (
  INSERT INTO model_hours AS h (hour, model, purpose, outcome, reason, shard, count, input_tokens, output_tokens, reasoning_tokens,
    cost_micros, first_token_counts, total_counts)
  SELECT date_trunc('hour', now(), 'UTC'), reply.model, 'reply', 'accepted', room.plan,
    get_byte(uuid_send(reply.id), 15) % 8, 1, 0, 0, 0, 0,
    array_fill(0, ARRAY[30]), array_fill(0, ARRAY[30])
  FROM reply, room
  ON CONFLICT ON CONSTRAINT pk_model_hours DO UPDATE SET count = h.count + excluded.count,
    input_tokens = h.input_tokens + excluded.input_tokens, output_tokens = h.output_tokens + excluded.output_tokens,
    reasoning_tokens = h.reasoning_tokens + excluded.reasoning_tokens, cost_micros = h.cost_micros + excluded.cost_micros
  RETURNING 1
), key AS (
  INSERT INTO idempotency_keys (user_id, scope, key, fingerprint, result)
  SELECT :user_id, :key_scope, :key, :fingerprint, jsonb_build_object('message_id', :message_id::uuid, 'reply_id', reply.id)
  FROM reply, (SELECT count(*) FROM counted) AS one WHERE :key::text IS NOT NULL
)
SELECT room.parent_id AS "parentId", room.sibling_count AS "siblingCount", room.target_role AS "targetRole", room.id IS NOT NULL AS "isRoomFound", room.daily_limit AS "dailyLimit", reply.model, branch.last_position AS position,
       now()::timestamptz(3) AS now, (room.day + 1)::timestamp AT TIME ZONE 'UTC' AS "resetsAt",
       coalesce((SELECT u.messages FROM usage_days u WHERE u.user_id = :user_id AND u.day = room.day), 0) AS used
FROM (VALUES (1)) AS one LEFT JOIN room ON true LEFT JOIN branch ON true LEFT JOIN reply ON true;

-- messages_accept_reply
--   parameters: user_id uuid, chatroom_id uuid, basic_limit int4, basic_models text[], pro_models text[], max_unfinished int4, reply_id uuid, key_scope text, key text, fingerprint bytea, target_id uuid, max_siblings int4
--   columns: parentId uuid, siblingCount int4, isRoomFound bool, dailyLimit int4, model text, position int4, now timestamptz, resetsAt timestamptz, used int4
WITH room AS (
  SELECT c.id, c.model, c.last_position AS seen, p.plan, (now() AT TIME ZONE 'UTC')::date AS day,
         CASE p.plan WHEN 'basic' THEN :basic_limit::integer END AS daily_limit,
         CASE p.plan WHEN 'basic' THEN :basic_models::text[] ELSE :pro_models::text[] END AS models, q.id AS parent_id, q.depth AS parent_depth, q.run AS parent_run,
         (SELECT count(*)::integer FROM messages s WHERE s.parent_id = q.id) AS sibling_count
  FROM chatrooms c JOIN user_plans p ON p.user_id = c.user_id
    JOIN messages t ON t.id = :target_id AND t.chatroom_id = c.id
    JOIN messages q ON q.id = CASE t.role WHEN 'user' THEN t.id ELSE t.parent_id END
  WHERE c.id = :chatroom_id AND c.user_id = :user_id
), quota AS (
  INSERT INTO usage_days AS u (user_id, day, messages)
  SELECT :user_id, room.day, 1 FROM room WHERE coalesce(room.daily_limit, 1) > 0 AND room.sibling_count < :max_siblings
  ON CONFLICT ON CONSTRAINT pk_usage_days DO UPDATE SET messages = u.messages + 1
    WHERE u.messages < (SELECT coalesce(room.daily_limit, 2147483647) FROM room)
  RETURNING u.day
), owner AS (
  UPDATE users SET list_version = users.list_version + 1, unfinished_replies = users.unfinished_replies + 1,
    indexed_messages = users.indexed_messages + 1, stored_bytes = users.stored_bytes + 0
  FROM quota WHERE users.id = :user_id AND users.unfinished_replies < :max_unfinished
  RETURNING users.indexed_messages
), branch AS (
  UPDATE chatrooms c SET last_position = c.last_position + 1, previous_leaf_id = c.active_leaf_id, active_leaf_id = :reply_id,
    active_leaf_depth = room.parent_depth + 1,
    active_run = CASE WHEN room.sibling_count = 0 AND room.parent_run IS NOT NULL THEN room.parent_run ELSE c.last_position + 1 END,
    last_message_at = now(), last_activity_at = now()
  FROM owner, room WHERE c.id = :chatroom_id AND c.last_position = room.seen
  RETURNING c.last_position, c.active_leaf_depth, c.active_run, owner.indexed_messages,
    CASE WHEN c.active_run > c.last_position - 1 THEN room.parent_run END AS forked_run
), reply AS (
  INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, forked_run, parent_id, role, status, model, charged_day)
  SELECT :reply_id, :chatroom_id, :user_id, branch.last_position, branch.active_leaf_depth, branch.active_run, branch.forked_run, room.parent_id,
         'model', 'pending', CASE WHEN room.model = ANY (room.models) THEN room.model ELSE room.models[1] END, quota.day
  FROM quota JOIN room ON true LEFT JOIN branch ON true
  RETURNING id, model
), counted AS (
  INSERT INTO model_hours AS h (hour, model, purpose, outcome, reason, shard, count, input_tokens, output_tokens, reasoning_tokens,
    cost_micros, first_token_counts, total_counts)
  SELECT date_trunc('hour', now(), 'UTC'), reply.model, 'reply', 'accepted', room.plan,
    get_byte(uuid_send(reply.id), 15) % 8, 1, 0, 0, 0, 0,
    array_fill(0, ARRAY[30]), array_fill(0, ARRAY[30])
  FROM reply, room
  ON CONFLICT ON CONSTRAINT pk_model_hours DO UPDATE SET count = h.count + excluded.count,
    input_tokens = h.input_tokens + excluded.input_tokens, output_tokens = h.output_tokens + excluded.output_tokens,
    reasoning_tokens = h.reasoning_tokens + excluded.reasoning_tokens, cost_micros = h.cost_micros + excluded.cost_micros
  RETURNING 1
), key AS (
  INSERT INTO idempotency_keys (user_id, scope, key, fingerprint, result)
  SELECT :user_id, :key_scope, :key, :fingerprint, jsonb_build_object('message_id', (SELECT parent_id FROM room), 'reply_id', reply.id)
  FROM reply, (SELECT count(*) FROM counted) AS one WHERE :key::text IS NOT NULL
)
SELECT room.parent_id AS "parentId", room.sibling_count AS "siblingCount", room.id IS NOT NULL AS "isRoomFound", room.daily_limit AS "dailyLimit", reply.model, branch.last_position AS position,
       now()::timestamptz(3) AS now, (room.day + 1)::timestamp AT TIME ZONE 'UTC' AS "resetsAt",
       coalesce((SELECT u.messages FROM usage_days u WHERE u.user_id = :user_id AND u.day = room.day), 0) AS used
FROM (VALUES (1)) AS one LEFT JOIN room ON true LEFT JOIN branch ON true LEFT JOIN reply ON true;

-- messages_accept_why_undone
--   parameters: user_id uuid, chatroom_id uuid
--   columns: unfinishedReplies int4, isRoomFound bool
SELECT u.unfinished_replies AS "unfinishedReplies",
  EXISTS (SELECT 1 FROM chatrooms c WHERE c.id = :chatroom_id AND c.user_id = u.id) AS "isRoomFound"
FROM users u WHERE u.id = :user_id;

-- messages_activate
--   parameters: user_id uuid, chatroom_id uuid, message_id uuid
--   columns: isFound bool, isActivated bool
WITH RECURSIVE room AS (
  SELECT c.id, c.last_position AS seen FROM chatrooms c WHERE c.id = :chatroom_id AND c.user_id = :user_id
), runs AS (
  SELECT m.run, m.depth FROM room JOIN messages m ON m.id = :message_id AND m.chatroom_id = room.id
  UNION ALL
  SELECT head.run, head.depth FROM runs
    JOIN messages head ON head.chatroom_id = :chatroom_id AND head.forked_run = runs.run AND head.depth > runs.depth
), leaf AS (
  SELECT m.id, m.depth, m.run FROM runs CROSS JOIN LATERAL (
    SELECT l.id, l.depth, l.run, l.position FROM messages l WHERE l.chatroom_id = :chatroom_id AND l.run = runs.run ORDER BY l.depth DESC LIMIT 1
  ) m ORDER BY m.position DESC LIMIT 1
), branch AS (
  UPDATE chatrooms c SET active_leaf_id = leaf.id, active_leaf_depth = leaf.depth, active_run = leaf.run
  FROM room, leaf WHERE c.id = room.id AND c.last_position = room.seen RETURNING c.id
)
SELECT EXISTS (SELECT FROM leaf) AS "isFound", EXISTS (SELECT FROM branch) AS "isActivated";

-- messages_content_size
--   parameters: user_id uuid, chatroom_id uuid, message_id uuid
--   columns: bytes int4
SELECT octet_length(content) AS bytes FROM messages WHERE id = :message_id AND chatroom_id = :chatroom_id AND user_id = :user_id;

-- messages_delete_room
--   parameters: user_id uuid, chatroom_id uuid
--   columns: id uuid
WITH unfinished AS (
  SELECT status, charged_day FROM messages WHERE chatroom_id = :chatroom_id AND status IN ('pending', 'streaming')
), refund AS (
  UPDATE usage_days d SET messages = d.messages - unbegun.units
  FROM (SELECT charged_day, count(*)::integer AS units FROM unfinished WHERE status = 'pending' GROUP BY charged_day) unbegun
  WHERE d.user_id = :user_id AND d.day = unbegun.charged_day
), owner AS (
  UPDATE users SET unfinished_replies = unfinished_replies - (SELECT count(*) FROM unfinished),
    chatroom_count = chatroom_count - (SELECT count(*) FROM chatrooms WHERE id = :chatroom_id AND user_id = :user_id),
    stored_bytes = stored_bytes - (SELECT coalesce(sum(octet_length(content)), 0) FROM messages WHERE chatroom_id = :chatroom_id AND user_id = :user_id)
  WHERE id = :user_id
)
DELETE FROM chatrooms WHERE id = :chatroom_id AND user_id = :user_id RETURNING id;

-- messages_delete_rooms
--   parameters: user_id uuid
--   columns: id uuid
WITH unfinished AS (
  SELECT status, charged_day FROM messages WHERE chatroom_id IN (SELECT c.id FROM chatrooms c WHERE c.user_id = :user_id) AND status IN ('pending', 'streaming')
), refund AS (
  UPDATE usage_days d SET messages = d.messages - unbegun.units
  FROM (SELECT charged_day, count(*)::integer AS units FROM unfinished WHERE status = 'pending' GROUP BY charged_day) unbegun
  WHERE d.user_id = :user_id AND d.day = unbegun.charged_day
), owner AS (
  UPDATE users SET unfinished_replies = unfinished_replies - (SELECT count(*) FROM unfinished),
    chatroom_count = chatroom_count - (SELECT count(*) FROM chatrooms WHERE true AND user_id = :user_id),
    stored_bytes = stored_bytes - (SELECT coalesce(sum(octet_length(content)), 0) FROM messages WHERE chatroom_id IN (SELECT c.id FROM chatrooms c WHERE c.user_id = :user_id) AND user_id = :user_id), list_version = list_version + 1
  WHERE id = :user_id
)
DELETE FROM chatrooms WHERE true AND user_id = :user_id RETURNING id;

-- messages_find
--   parameters: user_id uuid, chatroom_id uuid, message_id uuid
--   columns: id uuid, chatroomId uuid, userId uuid, position int4, attempt int4, parentId uuid, role text, status text, content text, model text, finishReason text, errorCode text, inputTokens int4, outputTokens int4, reasoningTokens int4, totalTokens int4, usageEstimated bool, contextTurns int4, contextTrimmed int4, contextSummarised int4, createdAt timestamptz, completedAt timestamptz, siblingIds uuid[]
SELECT m.id, m.chatroom_id AS "chatroomId", m.user_id AS "userId", m.position, m.attempt, m.parent_id AS "parentId", m.role, m.status, m.content, m.model, m.finish_reason AS "finishReason", m.error_code AS "errorCode", m.input_tokens AS "inputTokens", m.output_tokens AS "outputTokens", m.reasoning_tokens AS "reasoningTokens", m.total_tokens AS "totalTokens", m.usage_estimated AS "usageEstimated", m.context_turns AS "contextTurns", m.context_trimmed AS "contextTrimmed", m.context_summarised AS "contextSummarised", m.created_at AS "createdAt", m.completed_at AS "completedAt",
CASE WHEN m.parent_id IS NULL
  THEN ARRAY(SELECT r.id FROM messages r WHERE r.chatroom_id = m.chatroom_id AND r.parent_id IS NULL ORDER BY r.position)
  ELSE ARRAY(SELECT s.id FROM messages s WHERE s.parent_id = m.parent_id ORDER BY s.position)
END AS "siblingIds" FROM messages m WHERE m.id = :message_id AND m.chatroom_id = :chatroom_id AND m.user_id = :user_id;

-- messages_find_all
--   parameters: user_id uuid, chatroom_id uuid, message_ids uuid[]
--   columns: id uuid, chatroomId uuid, userId uuid, position int4, attempt int4, parentId uuid, role text, status text, content text, model text, finishReason text, errorCode text, inputTokens int4, outputTokens int4, reasoningTokens int4, totalTokens int4, usageEstimated bool, contextTurns int4, contextTrimmed int4, contextSummarised int4, createdAt timestamptz, completedAt timestamptz, siblingIds uuid[]
SELECT m.id, m.chatroom_id AS "chatroomId", m.user_id AS "userId", m.position, m.attempt, m.parent_id AS "parentId", m.role, m.status, m.content, m.model, m.finish_reason AS "finishReason", m.error_code AS "errorCode", m.input_tokens AS "inputTokens", m.output_tokens AS "outputTokens", m.reasoning_tokens AS "reasoningTokens", m.total_tokens AS "totalTokens", m.usage_estimated AS "usageEstimated", m.context_turns AS "contextTurns", m.context_trimmed AS "contextTrimmed", m.context_summarised AS "contextSummarised", m.created_at AS "createdAt", m.completed_at AS "completedAt",
CASE WHEN m.parent_id IS NULL
  THEN ARRAY(SELECT r.id FROM messages r WHERE r.chatroom_id = m.chatroom_id AND r.parent_id IS NULL ORDER BY r.position)
  ELSE ARRAY(SELECT s.id FROM messages s WHERE s.parent_id = m.parent_id ORDER BY s.position)
END AS "siblingIds" FROM messages m
 WHERE m.id = ANY (:message_ids::uuid[]) AND m.chatroom_id = :chatroom_id AND m.user_id = :user_id ORDER BY m.position;

-- messages_find_current_reply
--   parameters: user_id uuid, chatroom_id uuid
--   columns: id uuid, chatroomId uuid, userId uuid, position int4, attempt int4, parentId uuid, role text, status text, content text, model text, finishReason text, errorCode text, inputTokens int4, outputTokens int4, reasoningTokens int4, totalTokens int4, usageEstimated bool, contextTurns int4, contextTrimmed int4, contextSummarised int4, createdAt timestamptz, completedAt timestamptz, siblingIds uuid[]
SELECT m.* FROM chatrooms c LEFT JOIN LATERAL (
   (SELECT m.id, m.chatroom_id AS "chatroomId", m.user_id AS "userId", m.position, m.attempt, m.parent_id AS "parentId", m.role, m.status, m.content, m.model, m.finish_reason AS "finishReason", m.error_code AS "errorCode", m.input_tokens AS "inputTokens", m.output_tokens AS "outputTokens", m.reasoning_tokens AS "reasoningTokens", m.total_tokens AS "totalTokens", m.usage_estimated AS "usageEstimated", m.context_turns AS "contextTurns", m.context_trimmed AS "contextTrimmed", m.context_summarised AS "contextSummarised", m.created_at AS "createdAt", m.completed_at AS "completedAt",
CASE WHEN m.parent_id IS NULL
  THEN ARRAY(SELECT r.id FROM messages r WHERE r.chatroom_id = m.chatroom_id AND r.parent_id IS NULL ORDER BY r.position)
  ELSE ARRAY(SELECT s.id FROM messages s WHERE s.parent_id = m.parent_id ORDER BY s.position)
END AS "siblingIds" FROM messages m WHERE m.chatroom_id = c.id AND m.status IN ('pending', 'streaming') ORDER BY m.position LIMIT 1)
   UNION ALL
   (SELECT * FROM (SELECT m.id, m.chatroom_id AS "chatroomId", m.user_id AS "userId", m.position, m.attempt, m.parent_id AS "parentId", m.role, m.status, m.content, m.model, m.finish_reason AS "finishReason", m.error_code AS "errorCode", m.input_tokens AS "inputTokens", m.output_tokens AS "outputTokens", m.reasoning_tokens AS "reasoningTokens", m.total_tokens AS "totalTokens", m.usage_estimated AS "usageEstimated", m.context_turns AS "contextTurns", m.context_trimmed AS "contextTrimmed", m.context_summarised AS "contextSummarised", m.created_at AS "createdAt", m.completed_at AS "completedAt",
CASE WHEN m.parent_id IS NULL
  THEN ARRAY(SELECT r.id FROM messages r WHERE r.chatroom_id = m.chatroom_id AND r.parent_id IS NULL ORDER BY r.position)
  ELSE ARRAY(SELECT s.id FROM messages s WHERE s.parent_id = m.parent_id ORDER BY s.position)
END AS "siblingIds" FROM messages m WHERE m.chatroom_id = c.id AND m.role = 'model' ORDER BY m.position DESC LIMIT 1) newest
    WHERE newest."completedAt" > now() - interval '60 seconds')
   LIMIT 1
 ) m ON true
 WHERE c.id = :chatroom_id AND c.user_id = :user_id;

-- messages_find_outdated_words
--   parameters: count int8
--   columns: id uuid, content text, attempt int4
SELECT m.id, left(m.content, 200000) AS content, m.attempt FROM messages m
WHERE m.words_version < 2 AND m.content <> '' ORDER BY m.id LIMIT :count;

-- messages_list_all
--   parameters: user_id uuid, chatroom_id uuid, below int4, count int8
--   columns: id uuid, chatroomId uuid, userId uuid, position int4, attempt int4, parentId uuid, role text, status text, content text, model text, finishReason text, errorCode text, inputTokens int4, outputTokens int4, reasoningTokens int4, totalTokens int4, usageEstimated bool, contextTurns int4, contextTrimmed int4, contextSummarised int4, createdAt timestamptz, completedAt timestamptz, siblingIds uuid[], goes_on bool
SELECT * FROM (
   WITH bounded AS MATERIALIZED (SELECT m.* FROM chatrooms c LEFT JOIN LATERAL (
     SELECT m.id, m.chatroom_id AS "chatroomId", m.user_id AS "userId", m.position, m.attempt, m.parent_id AS "parentId", m.role, m.status, m.content, m.model, m.finish_reason AS "finishReason", m.error_code AS "errorCode", m.input_tokens AS "inputTokens", m.output_tokens AS "outputTokens", m.reasoning_tokens AS "reasoningTokens", m.total_tokens AS "totalTokens", m.usage_estimated AS "usageEstimated", m.context_turns AS "contextTurns", m.context_trimmed AS "contextTrimmed", m.context_summarised AS "contextSummarised", m.created_at AS "createdAt", m.completed_at AS "completedAt",
CASE WHEN m.parent_id IS NULL
  THEN ARRAY(SELECT r.id FROM messages r WHERE r.chatroom_id = m.chatroom_id AND r.parent_id IS NULL ORDER BY r.position)
  ELSE ARRAY(SELECT s.id FROM messages s WHERE s.parent_id = m.parent_id ORDER BY s.position)
END AS "siblingIds" FROM messages m WHERE m.chatroom_id = c.id AND m.position < :below ORDER BY m.position DESC LIMIT :count
   ) m ON true
   WHERE c.id = :chatroom_id AND c.user_id = :user_id)
   SELECT m.*, lead(true, 1, false) OVER (ORDER BY m.position DESC) AS goes_on FROM bounded AS m ORDER BY m.position DESC LIMIT (
     SELECT greatest(1, count(*) FILTER (WHERE bytes <= 1048576))
     FROM (SELECT sum(coalesce(octet_length(m.content), 0)) OVER (ORDER BY m.position DESC) AS bytes FROM bounded AS m) AS sums
   )
 ) AS m ORDER BY m.position DESC;

-- messages_list_branch
--   parameters: user_id uuid, chatroom_id uuid, from_id uuid, count int4
--   columns: id uuid, chatroomId uuid, userId uuid, position int4, attempt int4, parentId uuid, role text, status text, content text, model text, finishReason text, errorCode text, inputTokens int4, outputTokens int4, reasoningTokens int4, totalTokens int4, usageEstimated bool, contextTurns int4, contextTrimmed int4, contextSummarised int4, createdAt timestamptz, completedAt timestamptz, siblingIds uuid[], goes_on bool
WITH RECURSIVE room AS (
   SELECT c.id, coalesce(:from_id::uuid, c.active_leaf_id) AS leaf_id FROM chatrooms c WHERE c.id = :chatroom_id AND c.user_id = :user_id
 ), branch AS (
   SELECT m.id, m.parent_id, 1 AS n FROM room JOIN messages m ON m.id = room.leaf_id AND m.chatroom_id = room.id
   UNION ALL
   SELECT m.id, m.parent_id, b.n + 1 FROM branch b JOIN messages m ON m.id = b.parent_id WHERE b.n < :count
 )
 SELECT * FROM (
   WITH bounded AS MATERIALIZED (SELECT m.id, m.chatroom_id AS "chatroomId", m.user_id AS "userId", m.position, m.attempt, m.parent_id AS "parentId", m.role, m.status, m.content, m.model, m.finish_reason AS "finishReason", m.error_code AS "errorCode", m.input_tokens AS "inputTokens", m.output_tokens AS "outputTokens", m.reasoning_tokens AS "reasoningTokens", m.total_tokens AS "totalTokens", m.usage_estimated AS "usageEstimated", m.context_turns AS "contextTurns", m.context_trimmed AS "contextTrimmed", m.context_summarised AS "contextSummarised", m.created_at AS "createdAt", m.completed_at AS "completedAt",
CASE WHEN m.parent_id IS NULL
  THEN ARRAY(SELECT r.id FROM messages r WHERE r.chatroom_id = m.chatroom_id AND r.parent_id IS NULL ORDER BY r.position)
  ELSE ARRAY(SELECT s.id FROM messages s WHERE s.parent_id = m.parent_id ORDER BY s.position)
END AS "siblingIds" FROM room LEFT JOIN (branch JOIN messages m ON m.id = branch.id) ON true)
   SELECT m.*, lead(true, 1, false) OVER (ORDER BY m.position DESC) AS goes_on FROM bounded AS m ORDER BY m.position DESC LIMIT (
     SELECT greatest(1, count(*) FILTER (WHERE bytes <= 1048576))
     FROM (SELECT sum(coalesce(octet_length(m.content), 0)) OVER (ORDER BY m.position DESC) AS bytes FROM bounded AS m) AS sums
   )
 ) AS m ORDER BY m.position DESC;

-- messages_lock_days
--   parameters: user_id uuid, days date[]
--   columns: day date
SELECT day FROM usage_days WHERE user_id = :user_id AND (day = ANY (:days::date[]) OR day >= (now() AT TIME ZONE 'UTC')::date)
ORDER BY day FOR NO KEY UPDATE;

-- messages_lock_replies
--   parameters: user_id uuid, chatroom_id uuid, finished_within_ms float8
--   columns: id uuid, chargedDay text
SELECT m.id, m.charged_day::text AS "chargedDay" FROM chatrooms c JOIN messages m ON m.chatroom_id = c.id
WHERE c.user_id = :user_id AND (:chatroom_id::uuid IS NULL OR c.id = :chatroom_id) AND m.role = 'model'
  AND (m.completed_at IS NULL OR m.completed_at > now() - :finished_within_ms * interval '1 millisecond')
ORDER BY m.id FOR NO KEY UPDATE OF m;

-- messages_news_of
--   parameters: reply_ids uuid[], max_wait_ms float8
--   columns: id uuid, isFinished bool, model text, status text, until timestamptz
SELECT wanted.id, coalesce(m.status NOT IN ('pending', 'streaming'), true) AS "isFinished",
  m.model, m.status, pause.paused_until AS until
FROM unnest(:reply_ids::uuid[]) AS wanted(id) LEFT JOIN messages m ON m.id = wanted.id
  LEFT JOIN LATERAL (SELECT s.paused_until FROM model_pauses s
WHERE s.model = m.model AND s.paused_until > now()
  AND s.paused_until <= now() + :max_wait_ms * interval '1 millisecond' + interval '1 second') AS pause ON NOT coalesce(m.lease_until > now(), false)
WHERE coalesce(m.status NOT IN ('pending', 'streaming'), true) OR pause.paused_until IS NOT NULL;

-- messages_renew_words
--   parameters: made json
--   columns: id uuid
WITH mine AS (
  SELECT m.id, made.words FROM json_to_recordset(:made) AS made(id uuid, attempt integer, words text)
    JOIN messages m ON m.id = made.id
  WHERE m.attempt = made.attempt AND m.words_version < 2 AND m.content <> ''
  ORDER BY m.id FOR NO KEY UPDATE OF m SKIP LOCKED
)
UPDATE messages m SET
  words = replace(mine.words, '~',
    coalesce(substr(m.words::text, 2, 16), right(u.id::text, 12) || lpad(to_hex((random() * u.indexed_messages)::integer / 2048), 4, '0')))::tsvector,
  words_version = 2, created_at = least(m.created_at, now()), completed_at = least(m.completed_at, now())
FROM mine, users u WHERE m.id = mine.id AND u.id = m.user_id
RETURNING m.id;

-- messages_search
--   parameters: user_id uuid, query text, as_of timestamptz, after_rank float4, after_id uuid, count int8
--   columns: id uuid, chatroomId uuid, userId uuid, position int4, attempt int4, parentId uuid, role text, status text, content text, model text, finishReason text, errorCode text, inputTokens int4, outputTokens int4, reasoningTokens int4, totalTokens int4, usageEstimated bool, contextTurns int4, contextTrimmed int4, contextSummarised int4, createdAt timestamptz, completedAt timestamptz, siblingIds uuid[], chatroom_name text, rank float4, as_of timestamptz, goes_on bool
WITH newest AS (
   SELECT found.id, found.rank
   FROM generate_series((SELECT u.indexed_messages / 2048 FROM users u WHERE u.id = :user_id), 0, -1) AS block
     CROSS JOIN LATERAL (SELECT replace(:query, '~', right(:user_id::uuid::text, 12) || lpad(to_hex(block), 4, '0'))::tsquery AS query) AS wanted
     CROSS JOIN LATERAL (
       SELECT m.id, ts_rank(m.words, wanted.query) AS rank FROM (
         SELECT m.id, m.words FROM (SELECT * FROM messages WHERE words @@ wanted.query OFFSET 0) m
         WHERE m.user_id = :user_id AND (:as_of::timestamptz IS NULL OR m.created_at <= :as_of)
         ORDER BY m.created_at DESC, m.id DESC LIMIT 1000
       ) m
     ) AS found
   LIMIT 1000
 ), page AS (
   SELECT id, rank FROM newest WHERE (rank, id) < (:after_rank::real, :after_id::uuid) ORDER BY rank DESC, id DESC LIMIT :count
 )
 SELECT * FROM (
   WITH bounded AS MATERIALIZED (SELECT m.id, m.chatroom_id AS "chatroomId", m.user_id AS "userId", m.position, m.attempt, m.parent_id AS "parentId", m.role, m.status, m.content, m.model, m.finish_reason AS "finishReason", m.error_code AS "errorCode", m.input_tokens AS "inputTokens", m.output_tokens AS "outputTokens", m.reasoning_tokens AS "reasoningTokens", m.total_tokens AS "totalTokens", m.usage_estimated AS "usageEstimated", m.context_turns AS "contextTurns", m.context_trimmed AS "contextTrimmed", m.context_summarised AS "contextSummarised", m.created_at AS "createdAt", m.completed_at AS "completedAt",
CASE WHEN m.parent_id IS NULL
  THEN ARRAY(SELECT r.id FROM messages r WHERE r.chatroom_id = m.chatroom_id AND r.parent_id IS NULL ORDER BY r.position)
  ELSE ARRAY(SELECT s.id FROM messages s WHERE s.parent_id = m.parent_id ORDER BY s.position)
END AS "siblingIds", c.name AS chatroom_name, page.rank, coalesce(:as_of::timestamptz, now())::timestamptz(3) AS as_of
    FROM page JOIN messages m ON m.id = page.id JOIN chatrooms c ON c.id = m.chatroom_id)
   SELECT m.*, lead(true, 1, false) OVER (ORDER BY m.rank DESC, m.id DESC) AS goes_on FROM bounded AS m ORDER BY m.rank DESC, m.id DESC LIMIT (
     SELECT greatest(1, count(*) FILTER (WHERE bytes <= 1048576))
     FROM (SELECT sum(coalesce(octet_length(m.content), 0)) OVER (ORDER BY m.rank DESC, m.id DESC) AS bytes FROM bounded AS m) AS sums
   )
 ) AS m ORDER BY m.rank DESC, m.id DESC;

-- messages_touch_owner
--   parameters: user_id uuid, chatroom_id uuid
--   columns: id uuid
UPDATE users SET list_version = list_version + 1
WHERE id = :user_id AND EXISTS (SELECT 1 FROM chatrooms WHERE id = :chatroom_id AND user_id = :user_id) RETURNING id;

-- otp_challenges_consume
--   parameters: id uuid, mobile_numbers text[], purposes text[]
--   columns: userId uuid, purpose text, fromSignup bool
UPDATE otp_challenges SET consumed_at = now()
WHERE id = :id AND mobile_number = ANY (:mobile_numbers) AND purpose = ANY (:purposes) AND consumed_at IS NULL AND expires_at > now()
RETURNING user_id AS "userId", purpose, from_signup AS "fromSignup";

-- otp_challenges_find_unsettled
--   parameters: id uuid
--   columns: purpose text, mobileNumber text, email text, isVerified bool
SELECT c.purpose, c.mobile_number AS "mobileNumber", u.email, u.verified_at IS NOT NULL AS "isVerified"
FROM otp_challenges c JOIN users u ON u.id = c.user_id
WHERE c.id = :id AND c.settled_at IS NULL AND c.consumed_at IS NULL AND c.expires_at > now();

-- otp_challenges_insert
--   parameters: id uuid, mobile_numbers text[], purpose text, from_signup bool, is_settled bool, lifetime_seconds float8
WITH older AS (
  UPDATE otp_challenges SET consumed_at = now() WHERE mobile_number = ANY (:mobile_numbers::text[]) AND purpose = :purpose AND consumed_at IS NULL AND expires_at > now()
)
INSERT INTO otp_challenges (id, user_id, mobile_number, purpose, from_signup, settled_at, expires_at)
VALUES (:id,
  (SELECT id FROM users WHERE mobile_number = ANY (:mobile_numbers::text[])
   ORDER BY verified_at IS NULL, array_position(:mobile_numbers::text[], mobile_number) LIMIT 1),
  (:mobile_numbers::text[])[1], :purpose, :from_signup, CASE WHEN :is_settled::boolean THEN now() END,
  now() + make_interval(secs => :lifetime_seconds));

-- otp_challenges_take_attempt
--   parameters: id uuid, mobile_numbers text[], purposes text[]
--   columns: id uuid
UPDATE otp_challenges SET attempts = attempts + 1
WHERE id = :id AND mobile_number = ANY (:mobile_numbers) AND purpose = ANY (:purposes) AND attempts < 5 AND consumed_at IS NULL AND expires_at > now()
RETURNING id;

-- queues_lock
--   parameters: name text
--   columns: locked text
SELECT pg_advisory_xact_lock(hashtextextended('queue ' || :name, 0))::text AS locked;

-- quotas_find
--   parameters: user_id uuid, is_verified bool
--   columns: chatrooms int4, bytes float8, is_fresh bool
SELECT chatroom_count AS chatrooms, stored_bytes::float8 AS bytes, coalesce(usage_counted_at > now() - interval '1 minute', false) AS is_fresh FROM users
WHERE id = :user_id AND usage_counted_at IS NOT NULL AND (:is_verified::boolean OR reclaimed_at IS NULL);

-- quotas_lock
--   parameters: user_id uuid
--   columns: is_fresh bool
SELECT coalesce(usage_counted_at > now() - interval '1 minute', false) AS is_fresh FROM users WHERE id = :user_id FOR NO KEY UPDATE;

-- quotas_recount
--   parameters: user_id uuid
UPDATE users u SET usage_counted_at = now(),
  chatroom_count = (SELECT count(*) FROM chatrooms c WHERE c.user_id = u.id),
  stored_bytes = (SELECT coalesce(sum(octet_length(m.content)), 0) FROM messages m WHERE m.user_id = u.id)
WHERE u.id = :user_id;

-- readiness_ping
SELECT 1 AS one;

-- replies_claim
--   parameters: reply_id uuid, lease_ms float8, max_wait_ms float8
--   columns: replyId uuid, attempt int4, parentId uuid, depth int4, model text, plan text, systemInstruction text, isCancelled bool, hasBegun bool, countedAttempts int4, isSuspect bool
UPDATE messages m
SET status = 'streaming', attempt = m.attempt + 1, lease_until = now() + :lease_ms * interval '1 millisecond', retry_at = NULL, started_at = now()
FROM chatrooms c JOIN user_plans p ON p.user_id = c.user_id
WHERE m.id = :reply_id AND c.id = m.chatroom_id AND m.status IN ('pending', 'streaming')
  AND coalesce(greatest(m.lease_until, m.retry_at) <= now(), true)
  AND NOT EXISTS (SELECT s.paused_until FROM model_pauses s
WHERE s.model = m.model AND s.paused_until > now()
  AND s.paused_until <= now() + :max_wait_ms * interval '1 millisecond' + interval '1 second')
  AND NOT EXISTS (SELECT 1 FROM messages e
  WHERE e.chatroom_id = m.chatroom_id AND e.position < m.position AND e.status IN ('pending', 'streaming'))
RETURNING m.id AS "replyId", m.attempt, m.parent_id AS "parentId", m.depth, m.model, p.plan,
  c.system_instruction AS "systemInstruction", m.cancel_requested_at IS NOT NULL AS "isCancelled", m.first_token_at IS NOT NULL AS "hasBegun",
  m.attempt - m.forgiven_attempts AS "countedAttempts", coalesce(m.is_suspect, false) AS "isSuspect";

-- replies_finish
--   parameters: reply_id uuid, attempt int4, refund bool, status text, content text, finish_reason text, block_reason text, error_code text, input_tokens int4, output_tokens int4, reasoning_tokens int4, total_tokens int4, usage_estimated bool, context_turns int4, context_trimmed int4, context_summarised int4, first_token_at timestamptz, spent_input int8, spent_output int8, spent_reasoning int8, cost_micros int8, words text, summary_at uuid, is_server_error bool
--   columns: nextReplyId uuid, summaryTasks jsonb
WITH reply AS (
  SELECT id, user_id, chatroom_id, charged_day, octet_length(content) AS bytes FROM messages
  WHERE id = :reply_id AND attempt = :attempt AND status IN ('pending', 'streaming') FOR NO KEY UPDATE
), refund AS (
  UPDATE usage_days d SET messages = d.messages - 1 FROM reply WHERE :refund AND d.user_id = reply.user_id AND d.day = reply.charged_day RETURNING 1
), owner AS (
  UPDATE users SET list_version = users.list_version + 1, unfinished_replies = users.unfinished_replies - 1,
    indexed_messages = users.indexed_messages + 1, stored_bytes = users.stored_bytes + octet_length(:content::text) - reply.bytes
  FROM reply, (SELECT count(*) FROM refund) AS refunded WHERE users.id = reply.user_id RETURNING users.indexed_messages
), finished AS (
  UPDATE messages m SET status = :status, content = :content, words = replace(:words::text, '~', right(m.user_id::text, 12) || lpad(to_hex((owner.indexed_messages) / 2048), 4, '0'))::tsvector,
    words_version = CASE WHEN :content = '' THEN 1 ELSE 2 END,
    finish_reason = :finish_reason, block_reason = :block_reason, error_code = :error_code,
    input_tokens = :input_tokens, output_tokens = :output_tokens, reasoning_tokens = :reasoning_tokens, total_tokens = :total_tokens,
    usage_estimated = :usage_estimated,
    context_turns = :context_turns, context_trimmed = :context_trimmed, context_summarised = :context_summarised,
    first_token_at = coalesce(m.first_token_at, :first_token_at),
    is_suspect = CASE WHEN :is_server_error::boolean AND coalesce(m.is_suspect, true) THEN EXISTS (
      SELECT 1 FROM (SELECT o.model, o.status, o.started_at, o.completed_at FROM messages o ORDER BY o.id DESC LIMIT 1000) o
      WHERE o.model = m.model AND o.status = 'completed' AND o.started_at IS NOT NULL AND o.completed_at > m.created_at
    ) END,
    charged_day = CASE WHEN :refund THEN NULL ELSE m.charged_day END, lease_until = NULL, retry_at = NULL, completed_at = now()
  FROM reply, owner WHERE m.id = reply.id
  RETURNING m.id, m.model, m.created_at, m.first_token_at, m.completed_at
), usage AS (
  INSERT INTO user_model_days AS d (user_id, day, model, messages, input_tokens, output_tokens, reasoning_tokens, cost_micros)
  SELECT reply.user_id, coalesce(reply.charged_day, (now() AT TIME ZONE 'UTC')::date), finished.model, CASE WHEN :refund THEN 0 ELSE 1 END,
    coalesce(:input_tokens, 0), coalesce(:output_tokens, 0), coalesce(:reasoning_tokens, 0),
    CASE WHEN :total_tokens::integer IS NULL THEN 0 ELSE :cost_micros::bigint END
  FROM reply, finished WHERE NOT :refund OR :total_tokens IS NOT NULL
  ON CONFLICT ON CONSTRAINT pk_user_model_days DO UPDATE SET messages = d.messages + excluded.messages,
    input_tokens = d.input_tokens + excluded.input_tokens, output_tokens = d.output_tokens + excluded.output_tokens,
    reasoning_tokens = d.reasoning_tokens + excluded.reasoning_tokens, cost_micros = d.cost_micros + excluded.cost_micros
  RETURNING 1
), untitled AS (
  UPDATE chatrooms c SET title_requested_at = now(), title_requests = c.title_requests + 1 FROM reply, finished
  WHERE :status = 'completed' AND :content <> '' AND c.id = reply.chatroom_id AND c.name IS NULL AND NOT EXISTS (
    SELECT 1 FROM digests d JOIN messages t ON t.id = d.message_id
    WHERE d.kind = 'title' AND d.created_at = c.title_requested_at AND t.chatroom_id = c.id
  ) RETURNING 1
), wanted AS (
  INSERT INTO digests (message_id, kind)
  SELECT finished.id, 'title' FROM finished, untitled
  UNION ALL SELECT :summary_at::uuid, 'summary' FROM finished WHERE :summary_at::uuid IS NOT NULL
  ON CONFLICT ON CONSTRAINT pk_digests DO NOTHING RETURNING message_id, kind
), counted AS (
  INSERT INTO model_hours AS h (hour, model, purpose, outcome, reason, shard, count, input_tokens, output_tokens, reasoning_tokens,
    cost_micros, first_token_counts, total_counts)
  SELECT date_trunc('hour', now(), 'UTC'), finished.model, 'reply', :status, coalesce(:error_code, :finish_reason),
    get_byte(uuid_send(finished.id), 15) % 8, 1, :spent_input::bigint, :spent_output::bigint, :spent_reasoning::bigint, :cost_micros::bigint,
    ARRAY(SELECT coalesce((class = width_bucket(greatest(0, least(1000000000, extract(epoch FROM finished.first_token_at - finished.created_at) * 1000))::integer, ARRAY[50, 71, 100, 141, 200, 283, 400, 566, 800, 1131, 1600, 2263, 3200, 4525, 6400, 9051, 12800, 18102, 25600, 36204, 51200, 72408, 102400, 144815, 204800, 289631, 409600, 579262, 819200]::integer[]))::integer, 0) FROM generate_series(0, 29) AS class), ARRAY(SELECT coalesce((class = width_bucket(greatest(0, least(1000000000, extract(epoch FROM finished.completed_at - finished.created_at) * 1000))::integer, ARRAY[50, 71, 100, 141, 200, 283, 400, 566, 800, 1131, 1600, 2263, 3200, 4525, 6400, 9051, 12800, 18102, 25600, 36204, 51200, 72408, 102400, 144815, 204800, 289631, 409600, 579262, 819200]::integer[]))::integer, 0) FROM generate_series(0, 29) AS class)
  FROM (SELECT count(*) FROM usage) AS used, finished
  ON CONFLICT ON CONSTRAINT pk_model_hours DO UPDATE SET count = h.count + excluded.count,
    input_tokens = h.input_tokens + excluded.input_tokens, output_tokens = h.output_tokens + excluded.output_tokens,
    reasoning_tokens = h.reasoning_tokens + excluded.reasoning_tokens, cost_micros = h.cost_micros + excluded.cost_micros, first_token_counts = ARRAY(SELECT a + b FROM unnest(h.first_token_counts, excluded.first_token_counts) WITH ORDINALITY AS both_of(a, b, i) ORDER BY i), total_counts = ARRAY(SELECT a + b FROM unnest(h.total_counts, excluded.total_counts) WITH ORDINALITY AS both_of(a, b, i) ORDER BY i)
)
SELECT (
    SELECT n.id FROM messages n WHERE n.chatroom_id = reply.chatroom_id AND n.status = 'pending' ORDER BY n.position LIMIT 1
  ) AS "nextReplyId",
  (SELECT coalesce(jsonb_agg(jsonb_build_object('messageId', message_id, 'kind', kind)), '[]') FROM wanted) AS "summaryTasks"
FROM reply;

-- replies_lock_owners_of_failed
--   parameters: reply_ids uuid[]
--   columns: id uuid
SELECT u.id FROM users u WHERE u.id IN (SELECT m.user_id FROM messages m WHERE m.id = ANY (:reply_ids::uuid[]) AND m.status = 'failed' AND m.started_at IS NOT NULL)
ORDER BY u.id FOR NO KEY UPDATE;

-- replies_orphans
--   parameters: idle_ms float8, count int8, max_wait_ms float8
--   columns: replyId uuid, attempt int4, plan text
SELECT m.id AS "replyId", m.attempt, p.plan FROM messages m JOIN user_plans p ON p.user_id = m.user_id
WHERE m.status IN ('pending', 'streaming')
  AND coalesce(m.lease_until <= now(), coalesce(m.retry_at, m.created_at) <= now() - :idle_ms * interval '1 millisecond')
  AND NOT EXISTS (SELECT s.paused_until FROM model_pauses s
WHERE s.model = m.model AND s.paused_until > now()
  AND s.paused_until <= now() + :max_wait_ms * interval '1 millisecond' + interval '1 second')
  AND NOT EXISTS (SELECT 1 FROM messages e
  WHERE e.chatroom_id = m.chatroom_id AND e.position < m.position AND e.status IN ('pending', 'streaming'))
ORDER BY m.id LIMIT :count;

-- replies_path
--   parameters: message_id uuid, max_tokens int4, max_messages int4
--   columns: id uuid, depth int4, role text, status text, content text, tokens int4, summary text, covered int4, hasSummary bool, isRefused bool
WITH RECURSIVE path (id, parent_id, depth, role, status, error_code, is_suspect, content, tokens, spent, n) AS (
  SELECT m.id, m.parent_id, m.depth, m.role, m.status, m.error_code, m.is_suspect, m.content, (octet_length(m.content) / 4 + 4), (octet_length(m.content) / 4 + 4), 1 FROM messages m WHERE m.id = :message_id
  UNION ALL
  SELECT m.id, m.parent_id, m.depth, m.role, m.status, m.error_code, m.is_suspect, m.content, (octet_length(m.content) / 4 + 4), p.spent + (octet_length(m.content) / 4 + 4), p.n + 1
  FROM path p JOIN messages m ON m.id = p.parent_id WHERE p.spent + (octet_length(m.content) / 4 + 4) <= :max_tokens AND p.n < :max_messages
)
SELECT path.id, path.depth, path.role, path.status, path.content, path.tokens, d.content AS summary, d.covered, d.message_id IS NOT NULL AS "hasSummary",
  path.status = 'failed' AND (path.error_code = 'request_rejected' OR coalesce(path.is_suspect, false)) AS "isRefused"
FROM path LEFT JOIN digests d ON d.message_id = path.id AND d.kind = 'summary' ORDER BY path.depth;

-- replies_pause_model
--   parameters: model text, pause_ms float8, max_wait_ms float8
INSERT INTO model_pauses AS s (model, paused_until) VALUES (:model, now() + :pause_ms * interval '1 millisecond')
ON CONFLICT ON CONSTRAINT pk_model_pauses DO UPDATE SET paused_until =
  greatest(least(s.paused_until, now() + :max_wait_ms * interval '1 millisecond'), excluded.paused_until);

-- replies_release
--   parameters: reply_id uuid, attempt int4, delay_ms float8, reason text, spent_input int8, spent_output int8, spent_reasoning int8, cost_micros int8, is_server_error bool
--   columns: id uuid
WITH released AS (
  UPDATE messages SET lease_until = NULL, retry_at = now() + :delay_ms * interval '1 millisecond',
    is_suspect = CASE WHEN :is_server_error::boolean IS NULL THEN is_suspect ELSE :is_server_error AND coalesce(is_suspect, true) END
  WHERE id = :reply_id AND attempt = :attempt AND status = 'streaming' RETURNING id, model
), counted AS (
  INSERT INTO model_hours AS h (hour, model, purpose, outcome, reason, shard, count, input_tokens, output_tokens, reasoning_tokens,
    cost_micros, first_token_counts, total_counts)
  SELECT date_trunc('hour', now(), 'UTC'), released.model, 'reply', 'retried', :reason,
    get_byte(uuid_send(released.id), 15) % 8, 1, :spent_input::bigint, :spent_output::bigint, :spent_reasoning::bigint, :cost_micros::bigint,
    array_fill(0, ARRAY[30]), array_fill(0, ARRAY[30])
  FROM released
  ON CONFLICT ON CONSTRAINT pk_model_hours DO UPDATE SET count = h.count + excluded.count,
    input_tokens = h.input_tokens + excluded.input_tokens, output_tokens = h.output_tokens + excluded.output_tokens,
    reasoning_tokens = h.reasoning_tokens + excluded.reasoning_tokens, cost_micros = h.cost_micros + excluded.cost_micros
)
SELECT id FROM released;

-- replies_renew
--   parameters: reply_ids uuid[], attempts int4[], first_token_ats timestamptz[], lease_ms float8
--   columns: id uuid, isCancelled bool
WITH held AS (
  SELECT m.id, mine.first_token_at
  FROM messages m JOIN unnest(:reply_ids::uuid[], :attempts::integer[], :first_token_ats::timestamptz[]) AS mine(id, attempt, first_token_at)
    ON m.id = mine.id AND m.attempt = mine.attempt
  WHERE m.status = 'streaming' ORDER BY m.id FOR NO KEY UPDATE OF m
)
UPDATE messages m SET lease_until = now() + :lease_ms * interval '1 millisecond', first_token_at = coalesce(m.first_token_at, held.first_token_at)
FROM held WHERE m.id = held.id RETURNING m.id, m.cancel_requested_at IS NOT NULL AS "isCancelled";

-- replies_request_cancel
--   parameters: user_id uuid, chatroom_id uuid, reply_id uuid
--   columns: replyId uuid, attempt int4, parentId uuid, model text, plan text, systemInstruction text, isHeld bool, hasBegun bool, isReleased bool
WITH wanted AS (
  SELECT m.id FROM messages m
  WHERE m.chatroom_id = :chatroom_id AND m.user_id = :user_id AND (:reply_id::uuid IS NULL OR m.id = :reply_id) AND m.status IN ('pending', 'streaming')
  ORDER BY m.id FOR NO KEY UPDATE
)
UPDATE messages m SET cancel_requested_at = coalesce(m.cancel_requested_at, now())
FROM wanted, user_plans p, chatrooms c WHERE m.id = wanted.id AND p.user_id = :user_id AND c.id = :chatroom_id
RETURNING m.id AS "replyId", m.attempt, m.parent_id AS "parentId", m.model, p.plan, c.system_instruction AS "systemInstruction",
  coalesce(m.lease_until > now(), false) AS "isHeld", m.first_token_at IS NOT NULL AS "hasBegun", m.retry_at IS NOT NULL AS "isReleased";

-- replies_retry_failed
--   parameters: reply_ids uuid[], basic_models text[], pro_models text[]
--   columns: replyId uuid, attempt int4, model text, plan text, errorCode text, failedModel text
WITH failed AS (
  SELECT m.id, m.error_code, m.model FROM messages m WHERE m.id = ANY (:reply_ids::uuid[]) AND m.status = 'failed' AND m.started_at IS NOT NULL ORDER BY m.id FOR NO KEY UPDATE
), chosen AS (
  SELECT failed.*, p.plan, CASE
      WHEN failed.model = ANY (offer.models) THEN failed.model
      WHEN c.model = ANY (offer.models) THEN c.model
      ELSE offer.models[1] END AS chosen_model
  FROM failed JOIN messages m ON m.id = failed.id JOIN chatrooms c ON c.id = m.chatroom_id JOIN user_plans p ON p.user_id = c.user_id,
    LATERAL (SELECT CASE p.plan WHEN 'basic' THEN :basic_models::text[] ELSE :pro_models::text[] END AS models) offer
), retried AS (
  UPDATE messages m SET status = 'pending', attempt = m.attempt + 1, forgiven_attempts = m.attempt + 1, error_code = NULL, finish_reason = NULL,
    is_suspect = NULL, cancel_requested_at = NULL, retry_at = NULL, started_at = NULL, first_token_at = NULL, completed_at = NULL,
    context_turns = NULL, context_trimmed = NULL, context_summarised = NULL, model = chosen.chosen_model
  FROM chosen WHERE m.id = chosen.id
  RETURNING m.id AS "replyId", m.attempt, m.user_id, m.model, chosen.plan, chosen.error_code AS "errorCode", chosen.model AS "failedModel"
), owners AS (
  UPDATE users u SET list_version = u.list_version + 1, unfinished_replies = u.unfinished_replies + mine.replies
  FROM (SELECT user_id, count(*)::integer AS replies FROM retried GROUP BY user_id) mine WHERE u.id = mine.user_id
)
SELECT "replyId", attempt, model, plan, "errorCode", "failedModel" FROM retried ORDER BY "replyId";

-- replies_why_refused
--   parameters: reply_id uuid, max_wait_ms float8
--   columns: status text, attempt int4, plan text, hasEarlier bool, waitMs float8
SELECT m.status, m.attempt, p.plan, EXISTS (SELECT 1 FROM messages e
  WHERE e.chatroom_id = m.chatroom_id AND e.position < m.position AND e.status IN ('pending', 'streaming')) AS "hasEarlier",
  ceil(extract(epoch FROM greatest(m.lease_until, m.retry_at, (SELECT s.paused_until FROM model_pauses s
WHERE s.model = m.model AND s.paused_until > now()
  AND s.paused_until <= now() + :max_wait_ms * interval '1 millisecond' + interval '1 second')) - now()) * 1000)::double precision AS "waitMs"
FROM messages m JOIN user_plans p ON p.user_id = m.user_id WHERE m.id = :reply_id;

-- retention_audit_log_audit_log
DELETE FROM audit_log WHERE (id) IN (
  SELECT id FROM audit_log WHERE created_at < now() - $1 * interval '1 millisecond' LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING 1 AS deleted;

-- retention_counters_counters
DELETE FROM counters WHERE (key) IN (
  SELECT key FROM counters WHERE window_ends_at < now() - $1 * interval '1 millisecond' LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING 1 AS deleted;

-- retention_customer_closures_closed_customers
DELETE FROM customer_closures WHERE (stripe_customer_id) IN (
  SELECT stripe_customer_id FROM customer_closures WHERE closed_at < now() - $1 * interval '1 millisecond' LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING 1 AS deleted;

-- retention_erased_days_days_of_erased_accounts
DELETE FROM erased_days WHERE (day, number_hash) IN (
  SELECT day, number_hash FROM erased_days WHERE day < ((now() - $1 * interval '1 millisecond') AT TIME ZONE 'UTC')::date LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING 1 AS deleted;

-- retention_idempotency_keys_idempotency_keys
DELETE FROM idempotency_keys WHERE (user_id, scope, key) IN (
  SELECT user_id, scope, key FROM idempotency_keys WHERE created_at < now() - $1 * interval '1 millisecond' LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING 1 AS deleted;

-- retention_otp_challenges_one_time_codes
DELETE FROM otp_challenges WHERE (id) IN (
  SELECT id FROM otp_challenges WHERE expires_at < now() - $1 * interval '1 millisecond' LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING 1 AS deleted;

-- retention_sessions_ended_sessions
DELETE FROM sessions WHERE (id) IN (
  SELECT id FROM sessions WHERE ended_at < now() - $1 * interval '1 millisecond' LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING 1 AS deleted;

-- retention_sessions_expired_sessions
DELETE FROM sessions WHERE (id) IN (
  SELECT id FROM sessions WHERE expires_at < now() - $1 * interval '1 millisecond' LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING 1 AS deleted;

-- retention_stripe_events_events_of_Stripe
DELETE FROM stripe_events WHERE (id) IN (
  SELECT id FROM stripe_events WHERE processed_at IS NOT NULL AND received_at < now() - $1 * interval '1 millisecond' LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING 1 AS deleted;

-- retention_users_unverified_accounts
DELETE FROM users WHERE (id) IN (
  SELECT id FROM users WHERE verified_at IS NULL AND disabled_at IS NULL AND role = 'user' AND created_at < now() - $1 * interval '1 millisecond'
    AND NOT EXISTS (SELECT FROM chatrooms WHERE user_id = users.id)
    AND NOT EXISTS (SELECT FROM stripe_customers WHERE user_id = users.id)
    AND NOT EXISTS (SELECT FROM grants WHERE user_id = users.id) LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING 1 AS deleted;

-- sessions_addresses
--   parameters: user_id uuid, mobile_numbers text[]
--   columns: ip text
SELECT s.ip FROM users u JOIN sessions s ON s.user_id = u.id WHERE u.id = :user_id OR u.mobile_number = ANY (:mobile_numbers)
ORDER BY s.created_at DESC LIMIT 100;

-- sessions_end
--   parameters: id uuid, user_id uuid, max_age_ms float8, admin_max_age_ms float8
--   columns: id uuid
UPDATE sessions s SET ended_at = now(), expires_at = now() FROM users u
WHERE u.id = s.user_id AND s.id = :id AND s.user_id = :user_id AND s.ended_at IS NULL AND least(s.expires_at, s.created_at + make_interval(secs => CASE u.role WHEN 'admin' THEN :admin_max_age_ms::float8 ELSE :max_age_ms::float8 END / 1000)) > now() RETURNING s.id;

-- sessions_end_all
--   parameters: user_id uuid, except_id uuid, max_age_ms float8, admin_max_age_ms float8
--   columns: id uuid
UPDATE sessions s SET ended_at = now(), expires_at = now() FROM users u
WHERE u.id = s.user_id AND s.user_id = :user_id AND (:except_id::uuid IS NULL OR s.id <> :except_id) AND s.ended_at IS NULL AND least(s.expires_at, s.created_at + make_interval(secs => CASE u.role WHEN 'admin' THEN :admin_max_age_ms::float8 ELSE :max_age_ms::float8 END / 1000)) > now() RETURNING s.id;

-- sessions_find_actor
--   parameters: id uuid, user_id uuid, max_age_ms float8, admin_max_age_ms float8
--   columns: isLive bool, isDisabled bool, isVerified bool, role text, plan text, listVersion int8
SELECT s.ended_at IS NULL AND least(s.expires_at, s.created_at + make_interval(secs => CASE u.role WHEN 'admin' THEN :admin_max_age_ms::float8 ELSE :max_age_ms::float8 END / 1000)) > now() AS "isLive", u.disabled_at IS NOT NULL AS "isDisabled", u.verified_at IS NOT NULL AS "isVerified",
  u.role, p.plan, u.list_version AS "listVersion"
FROM sessions s JOIN users u ON u.id = s.user_id JOIN user_plans p ON p.user_id = u.id
WHERE s.id = :id AND s.user_id = :user_id;

-- sessions_find_live
--   parameters: ids uuid[], max_age_ms float8, admin_max_age_ms float8
--   columns: id uuid
SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.id = ANY (:ids) AND s.ended_at IS NULL AND least(s.expires_at, s.created_at + make_interval(secs => CASE u.role WHEN 'admin' THEN :admin_max_age_ms::float8 ELSE :max_age_ms::float8 END / 1000)) > now() AND u.disabled_at IS NULL;

-- sessions_find_tokens
--   parameters: id uuid, max_age_ms float8, admin_max_age_ms float8
--   columns: userId uuid, refreshKey bytea, refreshTokenHash bytea, spentTokenHash bytea, isSpentRecently bool, isLive bool, leftMs float8
SELECT s.user_id AS "userId", s.refresh_key AS "refreshKey", s.refresh_token_hash AS "refreshTokenHash", s.spent_token_hash AS "spentTokenHash", coalesce(s.rotated_at > now() - interval '30 seconds', false) AS "isSpentRecently",
  s.ended_at IS NULL AND least(s.expires_at, s.created_at + make_interval(secs => CASE u.role WHEN 'admin' THEN :admin_max_age_ms::float8 ELSE :max_age_ms::float8 END / 1000)) > now() AS "isLive", extract(epoch FROM least(s.expires_at, s.created_at + make_interval(secs => CASE u.role WHEN 'admin' THEN :admin_max_age_ms::float8 ELSE :max_age_ms::float8 END / 1000)) - now())::float8 * 1000 AS "leftMs"
FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = :id;

-- sessions_insert
--   parameters: id uuid, user_id uuid, refresh_key bytea, refresh_token_hash bytea, device text, ip text, lifetime_ms float8, password_hash text, role text
--   columns: id uuid
INSERT INTO sessions (id, user_id, refresh_key, refresh_token_hash, device, ip, expires_at)
SELECT :id, u.id, :refresh_key, :refresh_token_hash, :device, :ip, now() + make_interval(secs => :lifetime_ms::float8 / 1000)
FROM (
  SELECT id FROM users WHERE id = :user_id AND disabled_at IS NULL AND role = :role
    AND (:password_hash::text IS NULL OR password_hash = :password_hash) FOR SHARE
) u
RETURNING id;

-- sessions_list
--   parameters: user_id uuid, after_created_at timestamptz, after_id uuid, limit int8, max_age_ms float8, admin_max_age_ms float8
--   columns: id uuid, device text, ip text, createdAt timestamptz, lastUsedAt timestamptz
SELECT s.id, s.device, s.ip, s.created_at AS "createdAt", s.last_used_at AS "lastUsedAt" FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.user_id = :user_id AND s.ended_at IS NULL AND least(s.expires_at, s.created_at + make_interval(secs => CASE u.role WHEN 'admin' THEN :admin_max_age_ms::float8 ELSE :max_age_ms::float8 END / 1000)) > now()
  AND (:after_created_at::timestamptz IS NULL OR (s.created_at, s.id) < (:after_created_at, :after_id::uuid))
ORDER BY s.created_at DESC, s.id DESC LIMIT :limit;

-- sessions_rotate
--   parameters: id uuid, current_hash bytea, successor_hash bytea, lifetime_ms float8, device text, ip text, max_age_ms float8, admin_max_age_ms float8
--   columns: leftMs float8
UPDATE sessions s SET refresh_token_hash = :successor_hash, spent_token_hash = :current_hash, rotated_at = now(), last_used_at = now(),
  expires_at = now() + make_interval(secs => lifetime.left_ms / 1000), device = coalesce(:device, s.device), ip = :ip
FROM (
  SELECT current.id, least(:lifetime_ms::float8, CASE u.role WHEN 'admin' THEN :admin_max_age_ms::float8 ELSE :max_age_ms::float8 END - extract(epoch FROM now() - current.created_at)::float8 * 1000) AS left_ms
  FROM sessions current JOIN users u ON u.id = current.user_id WHERE current.id = :id
) lifetime
WHERE s.id = lifetime.id AND s.refresh_token_hash = :current_hash AND s.ended_at IS NULL AND s.expires_at > now() AND lifetime.left_ms > 0
RETURNING lifetime.left_ms AS "leftMs";

-- stats_hours
--   parameters: from timestamptz, to timestamptz
--   columns: hour timestamptz, accepted float8, completed float8, failed float8, blocked float8, cancelled float8, cost_micros float8
SELECT hour, coalesce(sum(count) FILTER (WHERE purpose = 'reply' AND outcome = 'accepted'), 0)::float8 AS accepted, coalesce(sum(count) FILTER (WHERE purpose = 'reply' AND outcome = 'completed'), 0)::float8 AS completed, coalesce(sum(count) FILTER (WHERE purpose = 'reply' AND outcome = 'failed'), 0)::float8 AS failed, coalesce(sum(count) FILTER (WHERE purpose = 'reply' AND outcome = 'blocked'), 0)::float8 AS blocked,
  coalesce(sum(count) FILTER (WHERE purpose = 'reply' AND outcome = 'cancelled'), 0)::float8 AS cancelled, sum(cost_micros)::float8 AS cost_micros
FROM model_hours WHERE hour >= date_trunc('hour', :from::timestamptz, 'UTC') AND hour < date_trunc('hour', :to::timestamptz, 'UTC') GROUP BY hour ORDER BY hour;

-- stats_latencies
--   parameters: from timestamptz, to timestamptz
--   columns: model text, first_token float8[], total float8[]
SELECT model, ARRAY[sum(first_token_counts[1]), sum(first_token_counts[2]), sum(first_token_counts[3]), sum(first_token_counts[4]), sum(first_token_counts[5]), sum(first_token_counts[6]), sum(first_token_counts[7]), sum(first_token_counts[8]), sum(first_token_counts[9]), sum(first_token_counts[10]), sum(first_token_counts[11]), sum(first_token_counts[12]), sum(first_token_counts[13]), sum(first_token_counts[14]), sum(first_token_counts[15]), sum(first_token_counts[16]), sum(first_token_counts[17]), sum(first_token_counts[18]), sum(first_token_counts[19]), sum(first_token_counts[20]), sum(first_token_counts[21]), sum(first_token_counts[22]), sum(first_token_counts[23]), sum(first_token_counts[24]), sum(first_token_counts[25]), sum(first_token_counts[26]), sum(first_token_counts[27]), sum(first_token_counts[28]), sum(first_token_counts[29]), sum(first_token_counts[30])]::float8[] AS first_token, ARRAY[sum(total_counts[1]), sum(total_counts[2]), sum(total_counts[3]), sum(total_counts[4]), sum(total_counts[5]), sum(total_counts[6]), sum(total_counts[7]), sum(total_counts[8]), sum(total_counts[9]), sum(total_counts[10]), sum(total_counts[11]), sum(total_counts[12]), sum(total_counts[13]), sum(total_counts[14]), sum(total_counts[15]), sum(total_counts[16]), sum(total_counts[17]), sum(total_counts[18]), sum(total_counts[19]), sum(total_counts[20]), sum(total_counts[21]), sum(total_counts[22]), sum(total_counts[23]), sum(total_counts[24]), sum(total_counts[25]), sum(total_counts[26]), sum(total_counts[27]), sum(total_counts[28]), sum(total_counts[29]), sum(total_counts[30])]::float8[] AS total
FROM model_hours WHERE hour >= date_trunc('hour', :from::timestamptz, 'UTC') AND hour < date_trunc('hour', :to::timestamptz, 'UTC') AND purpose = 'reply' AND outcome = 'completed' GROUP BY model;

-- stats_totals
--   parameters: from timestamptz, to timestamptz
--   columns: model text, purpose text, outcome text, reason text, count float8, input_tokens float8, output_tokens float8, reasoning_tokens float8, cost_micros float8
SELECT model, purpose, outcome, reason, sum(count)::float8 AS count, sum(input_tokens)::float8 AS input_tokens,
  sum(output_tokens)::float8 AS output_tokens, sum(reasoning_tokens)::float8 AS reasoning_tokens, sum(cost_micros)::float8 AS cost_micros
FROM model_hours WHERE hour >= date_trunc('hour', :from::timestamptz, 'UTC') AND hour < date_trunc('hour', :to::timestamptz, 'UTC') GROUP BY model, purpose, outcome, reason ORDER BY model, purpose, outcome, reason;

-- stripe_cursors_move
--   parameters: name text, seen_until timestamptz
INSERT INTO stripe_cursors AS c (name, seen_until) VALUES (:name, :seen_until)
ON CONFLICT (name) DO UPDATE SET seen_until = greatest(c.seen_until, excluded.seen_until);

-- stripe_customers_begin_sync_run
--   parameters: user_id uuid
--   columns: stripe_customer_id text, run int8, began_at timestamptz
UPDATE stripe_customers SET ticket = ticket + 1, check_at = now() + interval '1 minute' WHERE user_id = :user_id
RETURNING stripe_customer_id, ticket AS run, clock_timestamp() AS began_at;

-- stripe_customers_check_by
--   parameters: user_id uuid, latest timestamptz
UPDATE stripe_customers SET check_at = least(check_at, :latest) WHERE user_id = :user_id;

-- stripe_customers_finish_sync_run
--   parameters: user_id uuid, stripe_customer_id text, run int8, began_at timestamptz
--   columns: user_id uuid
UPDATE stripe_customers SET applied_ticket = :run, synced_at = :began_at
WHERE user_id = :user_id AND stripe_customer_id = :stripe_customer_id AND applied_ticket < :run RETURNING user_id;

-- stripe_customers_insert
--   parameters: user_id uuid, stripe_customer_id text
INSERT INTO stripe_customers (user_id, stripe_customer_id) SELECT id, :stripe_customer_id FROM users WHERE id = :user_id
ON CONFLICT DO NOTHING;

-- stripe_customers_take_due
--   parameters: limit int8
--   columns: user_id uuid
UPDATE stripe_customers SET check_at = now() + interval '1 minute' WHERE user_id IN (
  SELECT user_id FROM stripe_customers WHERE check_at <= now() ORDER BY check_at LIMIT :limit FOR UPDATE SKIP LOCKED
) RETURNING user_id;

-- stripe_events_finish
--   parameters: id text, outcome text, requested_at timestamptz, stripe_customer_id text
UPDATE stripe_events e SET processed_at = now(), outcome = :outcome, last_error = NULL,
  stripe_customer_id = coalesce(stripe_customer_id, :stripe_customer_id),
  payload = CASE WHEN NOT EXISTS (
    SELECT 1 FROM customer_closures c WHERE c.stripe_customer_id = coalesce(e.stripe_customer_id, :stripe_customer_id)
  ) THEN payload END
WHERE id = :id AND processed_at IS NULL AND requested_at = :requested_at;

-- stripe_events_postpone
--   parameters: id text, error text
UPDATE stripe_events SET attempts = attempts + 1, last_error = :error,
  due_at = now() + least(power(2, least(attempts, 12)) * interval '2 seconds', interval '1 hour')
WHERE id = :id AND processed_at IS NULL;

-- stripe_events_reopen
--   parameters: id text
--   columns: id text, type text, payload json, attempts int4, lastError text, outcome text, occurredAt timestamptz, receivedAt timestamptz, processedAt timestamptz
UPDATE stripe_events SET requested_at = clock_timestamp(), due_at = now() + interval '5 seconds', attempts = 0, processed_at = NULL,
  outcome = NULL, last_error = NULL
WHERE id = :id RETURNING id, type, payload, attempts, last_error AS "lastError", outcome, occurred_at AS "occurredAt", received_at AS "receivedAt", processed_at AS "processedAt";

-- stripe_events_store
--   parameters: id text, type text, api_version text, livemode bool, object_id text, stripe_customer_id text, occurred_at timestamptz, payload text
--   columns: id text
INSERT INTO stripe_events (id, type, api_version, livemode, object_id, stripe_customer_id, occurred_at, payload, due_at)
VALUES (:id, :type, :api_version, :livemode, :object_id, :stripe_customer_id, :occurred_at, :payload::text::json, now() + interval '5 seconds')
ON CONFLICT (id) DO NOTHING RETURNING id;

-- stripe_events_take_due
--   parameters: limit int8
--   columns: id text
UPDATE stripe_events SET due_at = now() + interval '30 seconds' WHERE id IN (
  SELECT id FROM stripe_events WHERE processed_at IS NULL AND due_at <= now() ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED
) RETURNING id;

-- subscriptions_find_status
--   parameters: user_id uuid
--   columns: plan text, status text, ends_at timestamptz, active_until timestamptz, used_today int4, resets_at timestamptz
SELECT p.plan, s.status, s.ends_at, greatest(
         (SELECT max(least(t.entitled_until, t.current_period_end, t.ends_at)) FROM subscriptions t
          WHERE t.user_id = p.user_id AND t.entitled_until > now()),
         (SELECT max(g.entitled_until) FROM grants g WHERE g.user_id = p.user_id AND g.entitled_until > now() AND g.revoked_at IS NULL)
       ) AS active_until,
       coalesce(d.messages, 0) AS used_today,
       (date_trunc('day', now() AT TIME ZONE 'UTC') + interval '1 day') AT TIME ZONE 'UTC' AS resets_at
FROM user_plans p
LEFT JOIN LATERAL (SELECT status, ends_at FROM subscriptions WHERE user_id = p.user_id ORDER BY status IN ('canceled', 'incomplete_expired'), started_at DESC, id DESC LIMIT 1) s ON true
LEFT JOIN usage_days d ON d.user_id = p.user_id AND d.day = (now() AT TIME ZONE 'UTC')::date
WHERE p.user_id = :user_id;

-- subscriptions_lock_all
--   parameters: user_id uuid
--   columns: id uuid, stripeSubscriptionId text, status text, entitledUntil timestamptz, endsAt timestamptz
SELECT id, stripe_subscription_id AS "stripeSubscriptionId", status, entitled_until AS "entitledUntil", ends_at AS "endsAt" FROM subscriptions WHERE user_id = :user_id ORDER BY id FOR UPDATE;

-- subscriptions_upsert
--   parameters: id uuid, user_id uuid, stripe_subscription_id text, status text, entitled_until timestamptz, current_period_end timestamptz, ends_at timestamptz, started_at timestamptz
--   columns: id uuid, stripeSubscriptionId text, status text, entitledUntil timestamptz, endsAt timestamptz
INSERT INTO subscriptions (id, user_id, stripe_subscription_id, status, entitled_until, current_period_end, ends_at, started_at)
VALUES (:id, :user_id, :stripe_subscription_id, :status, :entitled_until, :current_period_end, :ends_at, :started_at)
ON CONFLICT (stripe_subscription_id) DO UPDATE SET status = excluded.status, entitled_until = excluded.entitled_until,
  current_period_end = excluded.current_period_end, ends_at = excluded.ends_at, started_at = excluded.started_at, updated_at = now()
RETURNING id, stripe_subscription_id AS "stripeSubscriptionId", status, entitled_until AS "entitledUntil", ends_at AS "endsAt";

-- transfer_all_messages
--   parameters: chatroom_id uuid, after int4, until int4, count int8
--   columns: n int4, parent int4, role text, status text, content text, model text, finish_reason text, block_reason text, error text, usage json, context json, created_at timestamptz, completed_at timestamptz, goes_on bool
SELECT * FROM (
   WITH bounded AS MATERIALIZED (SELECT m.position AS n, p.position AS parent, m.role, m.status, m.content, m.model, m.finish_reason, m.block_reason,
m.error_code AS error,
CASE WHEN m.total_tokens IS NOT NULL THEN json_build_object('input_tokens', coalesce(m.input_tokens, 0),
  'output_tokens', coalesce(m.output_tokens, 0), 'reasoning_tokens', coalesce(m.reasoning_tokens, 0),
  'total_tokens', m.total_tokens, 'estimated', coalesce(m.usage_estimated, false)) END AS usage,
CASE WHEN m.context_turns IS NOT NULL THEN json_build_object('turns', m.context_turns,
  'trimmed', coalesce(m.context_trimmed, 0), 'summarised', coalesce(m.context_summarised, 0)) END AS context,
m.created_at, m.completed_at FROM messages m LEFT JOIN messages p ON p.id = m.parent_id
   WHERE m.chatroom_id = :chatroom_id AND m.position > :after AND m.position <= :until ORDER BY m.position LIMIT :count)
   SELECT m.*, lead(true, 1, false) OVER (ORDER BY m.n) AS goes_on FROM bounded AS m ORDER BY m.n LIMIT (
     SELECT greatest(1, count(*) FILTER (WHERE bytes <= 1048576))
     FROM (SELECT sum(coalesce(octet_length(m.content), 0)) OVER (ORDER BY m.n) AS bytes FROM bounded AS m) AS sums
   )
 ) AS m ORDER BY m.n;

-- transfer_complete
--   parameters: user_id uuid, chatroom_id uuid, message_count int4, active_position int4, bytes int8, max_chatrooms int4, max_bytes int8, is_verified bool
--   columns: id uuid
WITH owner AS (
  UPDATE users SET list_version = list_version + 1, indexed_messages = indexed_messages + :message_count,
    chatroom_count = chatroom_count + 1, stored_bytes = stored_bytes + :bytes
  WHERE id = :user_id AND chatroom_count < :max_chatrooms AND stored_bytes + :bytes <= :max_bytes
    AND (:is_verified::boolean OR reclaimed_at IS NULL) RETURNING id
)
UPDATE chatrooms c SET last_position = :message_count, active_leaf_id = leaf.id, active_leaf_depth = coalesce(leaf.depth, 0),
  active_run = coalesce(leaf.run, 0), last_message_at = (SELECT max(m.created_at) FROM messages m WHERE m.chatroom_id = :chatroom_id)
FROM owner LEFT JOIN messages leaf ON leaf.chatroom_id = :chatroom_id AND leaf.position = :active_position
WHERE c.id = :chatroom_id RETURNING c.id;

-- transfer_insert_messages
--   parameters: chatroom_id uuid, user_id uuid, rows json
INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, forked_run, parent_id, role, status, content, words,
  words_version, model, attempt, finish_reason, block_reason, error_code, input_tokens, output_tokens, reasoning_tokens, total_tokens,
  usage_estimated, context_turns, context_trimmed, context_summarised, created_at, completed_at)
SELECT r.id, :chatroom_id, :user_id, r.position, r.depth, r.run, r.forked_run, r.parent_id, r.role, r.status, r.content,
  replace(r.words::text, '~', right(:user_id::uuid::text, 12) || lpad(to_hex(((SELECT u.indexed_messages FROM users u WHERE u.id = :user_id) + r.position) / 2048), 4, '0'))::tsvector,
  2, r.model, r.attempt, r.finish_reason, r.block_reason, r.error, r.input_tokens, r.output_tokens, r.reasoning_tokens,
  r.total_tokens, r.estimated, r.turns, r.trimmed, r.summarised, least(r.created_at, now()), least(r.completed_at, now())
FROM json_to_recordset(:rows) AS r(id uuid, position integer, depth integer, run integer, forked_run integer, parent_id uuid,
  role text, status text, content text, words text, model text, attempt integer, finish_reason text, block_reason text, error text,
  input_tokens integer, output_tokens integer, reasoning_tokens integer, total_tokens integer, estimated boolean,
  turns integer, trimmed integer, summarised integer, created_at timestamptz, completed_at timestamptz);

-- transfer_insert_room
--   parameters: chatroom_id uuid, user_id uuid, name text, system_instruction text, model text, archived bool, created_at timestamptz
INSERT INTO chatrooms (id, user_id, name, system_instruction, model, archived, created_at)
VALUES (:chatroom_id, :user_id, :name, :system_instruction, :model, :archived, least(coalesce(:created_at, now()), now()));

-- transfer_path_messages
--   parameters: chatroom_id uuid, runs int4[], after int4[], until int4[]
--   columns: n int4, parent int4, role text, status text, content text, model text, finish_reason text, block_reason text, error text, usage json, context json, created_at timestamptz, completed_at timestamptz, depth int4, goes_on bool
SELECT * FROM (
   WITH bounded AS MATERIALIZED (SELECT m.position AS n, p.position AS parent, m.role, m.status, m.content, m.model, m.finish_reason, m.block_reason,
m.error_code AS error,
CASE WHEN m.total_tokens IS NOT NULL THEN json_build_object('input_tokens', coalesce(m.input_tokens, 0),
  'output_tokens', coalesce(m.output_tokens, 0), 'reasoning_tokens', coalesce(m.reasoning_tokens, 0),
  'total_tokens', m.total_tokens, 'estimated', coalesce(m.usage_estimated, false)) END AS usage,
CASE WHEN m.context_turns IS NOT NULL THEN json_build_object('turns', m.context_turns,
  'trimmed', coalesce(m.context_trimmed, 0), 'summarised', coalesce(m.context_summarised, 0)) END AS context,
m.created_at, m.completed_at, m.depth FROM unnest(:runs::integer[], :after::integer[], :until::integer[]) AS s(run, after, until)
     JOIN messages m ON m.chatroom_id = :chatroom_id AND m.run = s.run AND m.depth > s.after AND m.depth <= s.until
     LEFT JOIN messages p ON p.id = m.parent_id)
   SELECT m.*, lead(true, 1, false) OVER (ORDER BY m.depth) AS goes_on FROM bounded AS m ORDER BY m.depth LIMIT (
     SELECT greatest(1, count(*) FILTER (WHERE bytes <= 1048576))
     FROM (SELECT sum(coalesce(octet_length(m.content), 0)) OVER (ORDER BY m.depth) AS bytes FROM bounded AS m) AS sums
   )
 ) AS m ORDER BY m.depth;

-- transfer_path_segments
--   parameters: chatroom_id uuid, leaf_id uuid
--   columns: run int4, until int4
WITH RECURSIVE path AS (
  SELECT m.run, m.depth AS until FROM messages m WHERE m.id = :leaf_id AND m.chatroom_id = :chatroom_id
  UNION ALL
  SELECT parent.run, parent.depth FROM path
    JOIN messages head ON head.chatroom_id = :chatroom_id AND head.position = path.run
    JOIN messages parent ON parent.id = head.parent_id
)
SELECT run, until FROM path ORDER BY until;

-- transfer_room
--   parameters: user_id uuid, chatroom_id uuid
--   columns: name text, system_instruction text, model text, archived bool, created_at timestamptz, active int4, active_id uuid, message_count int4
SELECT c.name, c.system_instruction, c.model, c.archived, c.created_at, l.position AS active, l.id AS active_id,
  c.last_position AS message_count
FROM chatrooms c LEFT JOIN messages l ON l.id = c.active_leaf_id WHERE c.id = :chatroom_id AND c.user_id = :user_id;

-- usage_days_begin
--   parameters: user_id uuid, number_hashes bytea[]
INSERT INTO usage_days (user_id, day, messages, carried)
SELECT :user_id, (now() AT TIME ZONE 'UTC')::date, kept, kept FROM (SELECT coalesce(max(messages), 0) AS kept FROM erased_days WHERE day = (now() AT TIME ZONE 'UTC')::date AND number_hash = ANY (:number_hashes::bytea[])) AS e WHERE kept > 0
ON CONFLICT ON CONSTRAINT pk_usage_days DO NOTHING;

-- usage_days_carry
--   parameters: user_id uuid, number_hashes bytea[], restart bool
UPDATE usage_days d
SET messages = CASE WHEN :restart::boolean THEN e.kept ELSE d.messages - d.carried + e.kept END, carried = e.kept
FROM (SELECT coalesce(max(messages), 0) AS kept FROM erased_days WHERE day = (now() AT TIME ZONE 'UTC')::date AND number_hash = ANY (:number_hashes::bytea[])) AS e WHERE d.user_id = :user_id AND d.day = (now() AT TIME ZONE 'UTC')::date;

-- usage_days_lock
--   parameters: user_id uuid
SELECT FROM usage_days WHERE user_id = :user_id AND day = (now() AT TIME ZONE 'UTC')::date FOR NO KEY UPDATE;

-- usage_spent_today
--   columns: micros float8, now timestamptz, resets_at timestamptz
SELECT coalesce(sum(cost_micros), 0)::float8 AS micros, now()::timestamptz(3) AS now,
  date_trunc('day', now(), 'UTC') + interval '1 day' AS resets_at
FROM model_hours WHERE hour >= date_trunc('day', now(), 'UTC');

-- users_delete_empty
--   parameters: id uuid
DELETE FROM users u WHERE u.id = :id
AND NOT EXISTS (SELECT FROM chatrooms c WHERE c.user_id = u.id)
AND NOT EXISTS (SELECT FROM stripe_customers s WHERE s.user_id = u.id)
AND NOT EXISTS (SELECT FROM grants g WHERE g.user_id = u.id);

-- users_find
--   parameters: id uuid
--   columns: id uuid, username text, email text, mobileNumber text, passwordHash text, role text, createdAt timestamptz, isVerified bool, hasPassword bool, isDisabled bool, plan text
SELECT u.id, u.username, u.email, u.mobile_number AS "mobileNumber", u.password_hash AS "passwordHash", u.role, u.created_at AS "createdAt", u.verified_at IS NOT NULL AS "isVerified",
  u.password_hash IS NOT NULL AS "hasPassword", u.disabled_at IS NOT NULL AS "isDisabled", p.plan
FROM users u JOIN user_plans p ON p.user_id = u.id WHERE u.id = :id;

-- users_find_by_identifier
--   parameters: username text, mobile_numbers text[]
--   columns: id uuid, username text, email text, mobileNumber text, passwordHash text, role text, createdAt timestamptz, isVerified bool, hasPassword bool, isDisabled bool, plan text
SELECT u.id, u.username, u.email, u.mobile_number AS "mobileNumber", u.password_hash AS "passwordHash", u.role, u.created_at AS "createdAt", u.verified_at IS NOT NULL AS "isVerified",
  u.password_hash IS NOT NULL AS "hasPassword", u.disabled_at IS NOT NULL AS "isDisabled", p.plan
FROM users u JOIN user_plans p ON p.user_id = u.id WHERE u.username = :username OR u.mobile_number = ANY (:mobile_numbers)
ORDER BY array_position(:mobile_numbers, u.mobile_number) LIMIT 1;

-- users_lock
--   parameters: id uuid
--   columns: id uuid, username text, email text, mobileNumber text, passwordHash text, role text, createdAt timestamptz, isVerified bool, hasPassword bool, isDisabled bool, plan text
SELECT u.id, u.username, u.email, u.mobile_number AS "mobileNumber", u.password_hash AS "passwordHash", u.role, u.created_at AS "createdAt", u.verified_at IS NOT NULL AS "isVerified",
  u.password_hash IS NOT NULL AS "hasPassword", u.disabled_at IS NOT NULL AS "isDisabled", p.plan
FROM users u JOIN user_plans p ON p.user_id = u.id WHERE u.id = :id FOR NO KEY UPDATE OF u;

-- users_lock_access
--   parameters: id uuid
--   columns: id uuid, role text, isVerified bool, isDisabled bool
SELECT id, role, verified_at IS NOT NULL AS "isVerified", disabled_at IS NOT NULL AS "isDisabled" FROM users
WHERE id = :id OR (role = 'admin' AND disabled_at IS NULL) ORDER BY id FOR NO KEY UPDATE;

-- users_lock_number
--   parameters: mobile_number text
--   columns: locked text
SELECT pg_advisory_xact_lock(hashtextextended('mobile number ' || :mobile_number, 0))::text AS locked;

-- users_lock_unverified
--   parameters: mobile_numbers text[]
--   columns: id uuid
SELECT id FROM users
WHERE mobile_number = ANY (:mobile_numbers) AND verified_at IS NULL AND disabled_at IS NULL AND role = 'user' FOR UPDATE;

-- users_set_password
--   parameters: id uuid, password_hash text, expected_hash text
--   columns: id uuid
UPDATE users SET password_hash = :password_hash
WHERE id = :id AND (:expected_hash::text IS NULL OR password_hash = :expected_hash) RETURNING id;

-- users_update_profile
--   parameters: id uuid, username text, sets_email bool, email text, was_verified bool
--   columns: id uuid
UPDATE users SET username = coalesce(:username, username), email = CASE WHEN :sets_email THEN :email ELSE email END
WHERE id = :id AND (:was_verified OR reclaimed_at IS NULL) RETURNING id;
