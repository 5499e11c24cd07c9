import { statement } from '../../../database/statement.js';
import { WORDS_VERSION } from '../search/words.js';
import { type FileSteps, NEW_MESSAGE_WITH_FILES, WITH_FILES, WITHOUT_FILES } from './file-steps.js';
import { ACCEPTED, CONTENT_BYTES, countAndKey, MODEL, NEW_MESSAGE, OWN_ROOM, quota, RESULT, ROOM, WORDS } from './steps.js';

// - branch: UPDATE locks the room's row, and RETURNING sees the leaf that it replaced by way of previous_leaf_id, so
//   that racing sends follow each other; reading the leaf in `room` would give them one parent.
// - message: LEFT JOIN gives a null position when quota was taken but owner or branch refused (too many unfinished
//   replies, the limit of fair use, or the room was deleted meanwhile), or an attachment was. Null breaks NOT NULL, and
//   the whole statement is undone, quota included.
const textOf = (files: FileSteps) => `WITH room AS (
     SELECT ${ROOM} FROM ${OWN_ROOM} WHERE c.id = :chatroom_id AND c.user_id = :user_id AND ${files.areTakeable}
   ), ${quota('true', CONTENT_BYTES)}, branch AS (
     UPDATE chatrooms c SET last_position = c.last_position + 2, previous_leaf_id = c.active_leaf_id, active_leaf_id = :reply_id,
       active_leaf_depth = c.active_leaf_depth + 2, active_run = CASE c.active_run WHEN 0 THEN c.last_position + 1 ELSE c.active_run END,
       last_message_at = now(), last_activity_at = now()
     FROM owner WHERE c.id = :chatroom_id
     RETURNING c.last_position, c.previous_leaf_id, c.active_leaf_depth, c.active_run, owner.indexed_messages, owner.list_version
   ), ${files.hold}message AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, content, words, words_version, completed_at,
       web_search, reasoning_level)
     SELECT :message_id, :chatroom_id, :user_id, branch.last_position - 1, branch.active_leaf_depth - 1, branch.active_run, branch.previous_leaf_id,
            'user', 'completed', :content, ${WORDS}, ${WORDS_VERSION}, now(), :web_search, :reasoning_level
     FROM quota LEFT JOIN branch ON ${files.areHeld}
     RETURNING id
   ), ${files.attach}reply AS (
     INSERT INTO messages (id, chatroom_id, user_id, position, depth, run, parent_id, role, status, model, charged_day,
       request_id, traceparent)
     SELECT :reply_id, :chatroom_id, :user_id, branch.last_position, branch.active_leaf_depth, branch.active_run, message.id,
            'model', 'pending', ${MODEL}, quota.day, :request_id, :traceparent
     FROM message, branch, quota, room
     RETURNING id, model
   ), ${countAndKey(':message_id::uuid')}
   SELECT branch.previous_leaf_id AS "parentId", ${RESULT}`;

const COLUMNS = { parentId: 'uuid?', ...ACCEPTED } as const;

/** A message at the end of the room's active path, and the reply to it. */
export const acceptMessage = statement({
  name: 'messages_accept',
  parameters: NEW_MESSAGE,
  columns: COLUMNS,
  text: textOf(WITHOUT_FILES),
});

export const acceptMessageWithFiles = statement({
  name: 'messages_accept_with_files',
  parameters: NEW_MESSAGE_WITH_FILES,
  columns: COLUMNS,
  text: textOf(WITH_FILES),
});
