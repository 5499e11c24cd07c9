import { Injectable } from '@nestjs/common';
import { Database, type StatementRunner } from '../../database/database.js';
import { statement } from '../../database/statement.js';

// The four statements of a deletion. First it locks the unfinished replies, as the worker that finishes one does, and
// those that were finished just now. Then the days that units may be refunded to, which acceptance locks before the
// owner. Then the owner, whose row every acceptance and every finished reply goes through, so that the last statement
// sees the room as it will be deleted.
const lockReplies = statement({
  name: 'messages_lock_replies',
  parameters: { user_id: 'uuid', chatroom_id: 'uuid?', finished_within_ms: 'float8' },
  columns: { id: 'uuid', chargedDay: 'text?' },
  text: `SELECT m.id, m.charged_day::text AS "chargedDay" FROM chatrooms c JOIN messages m ON m.chatroom_id = c.id
   WHERE c.user_id = :user_id AND (:chatroom_id::uuid IS NULL OR c.id = :chatroom_id) AND m.role = 'model'
     AND (m.completed_at IS NULL OR m.completed_at > now() - :finished_within_ms * interval '1 millisecond')
   ORDER BY m.id FOR NO KEY UPDATE OF m`,
});

const lockDays = statement({
  name: 'messages_lock_days',
  parameters: { user_id: 'uuid', days: 'date[]' },
  columns: { day: 'date' },
  text: `SELECT day FROM usage_days WHERE user_id = :user_id AND (day = ANY (:days::date[]) OR day >= (now() AT TIME ZONE 'UTC')::date)
   ORDER BY day FOR NO KEY UPDATE`,
});

const touchOwner = statement({
  name: 'messages_touch_owner',
  parameters: { user_id: 'uuid', chatroom_id: 'uuid' },
  columns: { listVersion: 'float8' },
  text: `UPDATE users SET list_version = list_version + 1
   WHERE id = :user_id AND EXISTS (SELECT 1 FROM chatrooms WHERE id = :chatroom_id AND user_id = :user_id)
   RETURNING list_version::float8 AS "listVersion"`,
});

/**
 * Deletes rooms with their messages, refunds the units of replies that had not begun, and corrects the owner's counts.
 *
 * @param messages a condition on their messages
 * @param rooms a condition on the rooms of the user
 * @param attachments a condition on the attachments `a` of the user, which go too
 * @param changes further assignments to the owner's row
 */
const deletionOf = ({
  messages,
  rooms,
  attachments,
  changes = '',
}: {
  messages: string;
  rooms: string;
  attachments: string;
  changes?: string;
}) =>
  `WITH unfinished AS (
     SELECT status, charged_day FROM messages WHERE ${messages} AND status IN ('pending', 'streaming')
   ), refund AS (
     UPDATE usage_days d SET messages = d.messages - unbegun.units
     FROM (SELECT charged_day, count(*)::integer AS units FROM unfinished WHERE status = 'pending' GROUP BY charged_day) unbegun
     WHERE d.user_id = :user_id AND d.day = unbegun.charged_day
   ), files AS (
     DELETE FROM attachments a WHERE a.user_id = :user_id AND ${attachments} RETURNING a.size
   ), owner AS (
     UPDATE users SET unfinished_replies = unfinished_replies - (SELECT count(*) FROM unfinished),
       chatroom_count = chatroom_count - (SELECT count(*) FROM chatrooms WHERE ${rooms} AND user_id = :user_id),
       attachment_bytes = attachment_bytes - (SELECT coalesce(sum(size), 0) FROM files),
       stored_bytes = stored_bytes - (SELECT coalesce(sum(octet_length(content) + detail_bytes), 0) FROM messages WHERE ${messages} AND user_id = :user_id)${changes}
     WHERE id = :user_id
   )
   DELETE FROM chatrooms WHERE ${rooms} AND user_id = :user_id RETURNING id`;

const deleteRoom = statement({
  name: 'messages_delete_room',
  parameters: { user_id: 'uuid', chatroom_id: 'uuid' },
  columns: { id: 'uuid' },
  text: deletionOf({
    messages: 'chatroom_id = :chatroom_id',
    rooms: 'id = :chatroom_id',
    // Copies of a message in other rooms keep its attachments.
    attachments: `a.id IN (
       SELECT h.attachment_id FROM messages m JOIN message_attachments h ON h.message_id = m.id WHERE m.chatroom_id = :chatroom_id
     ) AND NOT EXISTS (
       SELECT FROM message_attachments h JOIN messages m ON m.id = h.message_id WHERE h.attachment_id = a.id AND m.chatroom_id <> :chatroom_id
     )`,
  }),
});

const deleteRooms = statement({
  name: 'messages_delete_rooms',
  parameters: { user_id: 'uuid' },
  columns: { id: 'uuid' },
  text: deletionOf({
    messages: 'chatroom_id IN (SELECT c.id FROM chatrooms c WHERE c.user_id = :user_id)',
    rooms: 'true',
    attachments: 'true',
    changes: ', list_version = list_version + 1',
  }),
});

/** The replies to lock: all of a user, or those of one room. */
interface RepliesToLock {
  readonly userId: string;
  readonly chatroomId?: string;
  /** Finished replies are locked too if they were finished within this time. */
  readonly finishedWithinMs: number;
}

@Injectable()
export class DeletionRepository {
  constructor(private readonly database: Database) {}

  /**
   * @returns the ids of the deleted replies that `lockReplies` found, and the version of the list; null when it is not
   * the user's room
   */
  async deleteChatroom(
    wanted: RepliesToLock & { readonly chatroomId: string },
  ): Promise<{ replyIds: string[]; listVersion: number } | null> {
    const room = { user_id: wanted.userId, chatroom_id: wanted.chatroomId };
    return this.database.transaction(async (transaction) => {
      const replyIds = await this.lockReplies(transaction, wanted);
      const [owner] = await transaction.run(touchOwner, room);
      if (!owner) return null;
      const deleted = await transaction.run(deleteRoom, room);
      return deleted.length > 0 ? { replyIds, ...owner } : null;
    });
  }

  /** Deletes all rooms of a user. The transaction has locked the replies, and then the row of the user. */
  async deleteChatrooms(transaction: StatementRunner, userId: string): Promise<void> {
    await transaction.run(deleteRooms, { user_id: userId });
  }

  /**
   * Locks the replies that are unfinished or were finished recently, and the days that they were charged to, so that
   * nobody finishes them now.
   *
   * @returns their ids
   */
  async lockReplies(transaction: StatementRunner, { userId, chatroomId, finishedWithinMs }: RepliesToLock): Promise<string[]> {
    const rows = await transaction.run(lockReplies, {
      user_id: userId,
      chatroom_id: chatroomId ?? null,
      finished_within_ms: finishedWithinMs,
    });
    await transaction.run(lockDays, { user_id: userId, days: [...new Set(rows.flatMap(({ chargedDay }) => chargedDay ?? []))] });
    return rows.map(({ id }) => id);
  }
}
