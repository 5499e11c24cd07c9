import { typed } from '../../../database/sql-types.js';
import { statement } from '../../../database/statement.js';
import { WORDS_VERSION } from '../search/words.js';
import { NEW_MESSAGE_WITH_FILES, WITH_FILES } from './file-steps.js';
import { ACCEPTED, BRANCHED, CONTENT_BYTES, countAndKey, MODEL, NEW_REPLY, OWN_ROOM, quota, RESULT, ROOM, WORDS } from './steps.js';

/*
 * These statements read the tree (the parent and its children) before the room is locked. `seen` makes that
 * exact: if anything was accepted meanwhile, branch finds another last_position and gives no row, and the statement is
 * undone and run again, on the tree as it is by then.
 */

/**
 * Takes `length` positions for a branch below `room.parent_*`. The first child of a message continues the run of its
 * parent; every other child begins a run.
 */
const branchOff = (length: 1 | 2) => `branch AS (
     UPDATE chatrooms c SET last_position = c.last_position + ${length}, previous_leaf_id = c.active_leaf_id, active_leaf_id = :reply_id,
       active_leaf_depth = room.parent_depth + ${length},
       active_run = CASE WHEN room.sibling_count = 0 AND room.parent_run IS NOT NULL THEN room.parent_run ELSE c.last_position + 1 END,
       last_message_at = now(), last_activity_at = now()
     FROM owner, room WHERE c.id = :chatroom_id AND c.last_position = room.seen
     RETURNING c.last_position, c.active_leaf_depth, c.active_run, owner.indexed_messages, owner.list_version,
       CASE WHEN c.active_run > c.last_position - ${length} THEN room.parent_run END AS forked_run
   )`;

/** A message beside another one or after a given reply, and the reply to it. */
export const acceptBranch = statement({
  name: 'messages_accept_branch',
  parameters: { ...NEW_MESSAGE_WITH_FILES, target_id: 'uuid', target_role: typed<'user' | 'model'>('text'), max_siblings: 'int4' },
  columns: { parentId: 'uuid?', siblingCount: 'int4', targetRole: typed<'user' | 'model' | null>('text'), ...ACCEPTED },
  text: `WITH room AS (
     SELECT ${ROOM}, t.role AS target_role, parent.id AS parent_id, coalesce(parent.depth, 0) AS parent_depth, parent.run AS parent_run,
            CASE WHEN parent.id IS NULL
              THEN (SELECT count(*)::integer FROM messages s WHERE s.chatroom_id = c.id AND s.parent_id IS NULL)
              ELSE (SELECT count(*)::integer FROM messages s WHERE s.parent_id = parent.id)
            END AS sibling_count
     FROM ${OWN_ROOM}
       JOIN messages t ON t.id = :target_id AND t.chatroom_id = c.id
       LEFT JOIN messages parent ON parent.id = CASE t.role WHEN 'user' THEN t.parent_id ELSE t.id END
     WHERE c.id = :chatroom_id AND c.user_id = :user_id AND ${WITH_FILES.areTakeable}
   ), ${quota('room.target_role = :target_role AND room.sibling_count < :max_siblings', CONTENT_BYTES)}, ${branchOff(2)}, ${WITH_FILES.hold}message AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, forked_run, parent_id, role, status, content, words, words_version,
       completed_at, web_search, reasoning_level)
     SELECT :message_id, :chatroom_id, :user_id, branch.last_position - 1, branch.active_leaf_depth - 1, branch.active_run, branch.forked_run,
            room.parent_id, 'user', 'completed', :content, ${WORDS}, ${WORDS_VERSION}, now(), :web_search, :reasoning_level
     FROM quota JOIN room ON true LEFT JOIN branch ON ${WITH_FILES.areHeld}
     RETURNING id
   ), ${WITH_FILES.attach}reply AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, model, charged_day,
       request_id, traceparent)
     SELECT :reply_id, :chatroom_id, :user_id, branch.last_position, branch.active_leaf_depth, branch.active_run, message.id,
            'model', 'pending', ${MODEL}, quota.day, :request_id, :traceparent
     FROM message, branch, quota, room
     RETURNING id, model
   ), ${countAndKey(':message_id::uuid')}
   SELECT room.parent_id AS "parentId", room.sibling_count AS "siblingCount", room.target_role AS "targetRole", ${RESULT}`,
});

/** Another reply to a message. */
export const acceptReply = statement({
  name: 'messages_accept_reply',
  parameters: { ...NEW_REPLY, target_id: 'uuid', max_siblings: 'int4' },
  columns: BRANCHED,
  text: `WITH room AS (
     SELECT ${ROOM}, q.id AS parent_id, q.depth AS parent_depth, q.run AS parent_run,
            (SELECT count(*)::integer FROM messages s WHERE s.parent_id = q.id) AS sibling_count
     FROM ${OWN_ROOM}
       JOIN messages t ON t.id = :target_id AND t.chatroom_id = c.id
       JOIN messages q ON q.id = CASE t.role WHEN 'user' THEN t.id ELSE t.parent_id END
     WHERE c.id = :chatroom_id AND c.user_id = :user_id
   ), ${quota('room.sibling_count < :max_siblings', '0')}, ${branchOff(1)}, reply AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, forked_run, parent_id, role, status, model, charged_day,
       request_id, traceparent)
     SELECT :reply_id, :chatroom_id, :user_id, branch.last_position, branch.active_leaf_depth, branch.active_run, branch.forked_run, room.parent_id,
            'model', 'pending', ${MODEL}, quota.day, :request_id, :traceparent
     FROM quota JOIN room ON true LEFT JOIN branch ON true
     RETURNING id, model
   ), ${countAndKey('(SELECT parent_id FROM room)')}
   SELECT room.parent_id AS "parentId", room.sibling_count AS "siblingCount", ${RESULT}`,
});
