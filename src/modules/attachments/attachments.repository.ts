import { Injectable } from '@nestjs/common';
import { Database, type Transaction } from '../../database/database.js';
import { statement } from '../../database/statement.js';
import type { StoredAttachment } from './attachment.js';

/*
 * Every commit that changes attachments locks the row of their user first, whose `attachment_bytes` are the sum of
 * their sizes. Statements that read what they change run after that lock, in the same transaction.
 */

const STORED = {
  columns: { id: 'uuid', name: 'text', mediaType: 'text', size: 'float8', sha256: 'bytea', createdAt: 'timestamptz' },
  sql: `a.id, a.name, a.media_type AS "mediaType", a.size::float8, a.sha256, a.created_at AS "createdAt"`,
} as const;

const lockOwner = statement({
  name: 'attachments_lock_owner',
  parameters: { user_id: 'uuid' },
  columns: { id: 'uuid' },
  text: `SELECT id FROM users WHERE id = :user_id FOR NO KEY UPDATE`,
});

// The lock on the user's row makes the quota exact. Of an account that the holder of the number has taken over,
// requests from before (is_verified: the number was verified when the request was let in) write nothing.
const reserve = statement({
  name: 'attachments_reserve',
  parameters: { id: 'uuid', user_id: 'uuid', name: 'text', size: 'int8', quota: 'int8', is_verified: 'bool' },
  columns: { id: 'uuid' },
  text: `WITH owner AS (
     UPDATE users SET attachment_bytes = attachment_bytes + :size
     WHERE id = :user_id AND usage_counted_at IS NOT NULL AND stored_bytes + attachment_bytes + :size <= :quota
       AND (:is_verified::boolean OR reclaimed_at IS NULL)
     RETURNING id
   )
   INSERT INTO attachments (id, user_id, name, size) SELECT :id, owner.id, :name, :size FROM owner RETURNING id`,
});

const resize = statement({
  name: 'attachments_resize',
  parameters: { id: 'uuid', user_id: 'uuid', size: 'int8', quota: 'int8' },
  columns: { isFound: 'bool', isResized: 'bool' },
  text: `WITH file AS (
     SELECT id, :size - size AS growth FROM attachments WHERE id = :id AND user_id = :user_id AND stored_at IS NULL
   ), owner AS (
     UPDATE users u SET attachment_bytes = u.attachment_bytes + file.growth FROM file
     WHERE u.id = :user_id AND (file.growth <= 0 OR u.stored_bytes + u.attachment_bytes + file.growth <= :quota)
     RETURNING u.id
   ), resized AS (
     UPDATE attachments a SET size = :size FROM owner WHERE a.id = :id RETURNING a.id
   )
   SELECT EXISTS (SELECT FROM file) AS "isFound", EXISTS (SELECT FROM resized) AS "isResized"`,
});

const complete = statement({
  name: 'attachments_complete',
  parameters: { id: 'uuid', media_type: 'text', sha256: 'bytea' },
  columns: STORED.columns,
  text: `UPDATE attachments a SET media_type = :media_type, sha256 = :sha256, stored_at = now() WHERE a.id = :id RETURNING ${STORED.sql}`,
});

// A message that takes an attachment changes its row, so that the condition is tested on the newest version.
const deleteUnheld = statement({
  name: 'attachments_delete_unheld',
  parameters: { user_id: 'uuid', ids: 'uuid[]' },
  columns: { id: 'uuid' },
  text: `WITH gone AS (
     DELETE FROM attachments WHERE id = ANY (:ids::uuid[]) AND user_id = :user_id AND NOT is_held RETURNING id, size
   ), owner AS (
     UPDATE users SET attachment_bytes = attachment_bytes - (SELECT sum(size) FROM gone) WHERE id = :user_id AND EXISTS (SELECT FROM gone)
   )
   SELECT id FROM gone`,
});

const remove = statement({
  name: 'attachments_remove',
  parameters: { id: 'uuid' },
  text: `INSERT INTO attachment_removals (attachment_id) VALUES (:id) ON CONFLICT (attachment_id) DO UPDATE SET due_at = now()`,
});

const find = statement({
  name: 'attachments_find',
  parameters: { id: 'uuid', user_id: 'uuid?' },
  columns: STORED.columns,
  text: `SELECT ${STORED.sql} FROM attachments a
   WHERE a.id = :id AND (:user_id::uuid IS NULL OR a.user_id = :user_id) AND a.stored_at IS NOT NULL`,
});

const findAll = statement({
  name: 'attachments_find_all',
  parameters: { ids: 'uuid[]', user_id: 'uuid' },
  columns: STORED.columns,
  text: `SELECT ${STORED.sql} FROM attachments a WHERE a.id = ANY (:ids::uuid[]) AND a.user_id = :user_id AND a.stored_at IS NOT NULL`,
});

const listIds = statement({
  name: 'attachments_list_ids',
  parameters: { user_id: 'uuid' },
  columns: { id: 'uuid' },
  text: `SELECT id FROM attachments WHERE user_id = :user_id AND stored_at IS NOT NULL ORDER BY created_at, id`,
});

const listOfMessages = statement({
  name: 'attachments_of_messages',
  parameters: { message_ids: 'uuid[]' },
  columns: { messageId: 'uuid', ...STORED.columns },
  text: `SELECT m.message_id AS "messageId", ${STORED.sql} FROM message_attachments m JOIN attachments a ON a.id = m.attachment_id
   WHERE m.message_id = ANY (:message_ids::uuid[]) ORDER BY m.message_id, m.position`,
});

/** A file that is being uploaded. */
export interface NewAttachment {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  /** Whether the user's number was verified when the request was let in. */
  readonly isVerified: boolean;
}

/**
 * `full`: the quota does not allow it. `gone`: the upload was given up, with its account or because it took too long.
 */
export type UploadState = StoredAttachment | 'full' | 'gone';

@Injectable()
export class AttachmentsRepository {
  constructor(private readonly database: Database) {}

  /**
   * Begins an upload, with `size` bytes reserved for it.
   *
   * @returns false when the quota does not allow it, or nothing of the user was counted yet
   */
  async reserve({ id, userId, name, isVerified }: NewAttachment, size: number, quota: number): Promise<boolean> {
    const rows = await this.database.run(reserve, { id, user_id: userId, name, size, quota, is_verified: isVerified });
    return rows.length > 0;
  }

  /** Reserves `size` bytes instead of those that are reserved. */
  grow({ id, userId }: NewAttachment, size: number, quota: number): Promise<'grown' | 'full' | 'gone'> {
    return this.ofOwner(userId, async (transaction) => {
      const [row] = await transaction.run(resize, { id, user_id: userId, size, quota });
      return row?.isResized === true ? 'grown' : row?.isFound === true ? 'full' : 'gone';
    });
  }

  /** Ends an upload, whose bytes the store has. */
  complete(
    { id, userId }: NewAttachment,
    { size, mediaType, sha256 }: Pick<StoredAttachment, 'size' | 'mediaType' | 'sha256'>,
    quota: number,
  ): Promise<UploadState> {
    return this.ofOwner(userId, async (transaction) => {
      const [row] = await transaction.run(resize, { id, user_id: userId, size, quota });
      if (row?.isResized !== true) return row?.isFound === true ? 'full' : 'gone';
      const [stored] = await transaction.run(complete, { id, media_type: mediaType, sha256 });
      return stored ?? 'gone';
    });
  }

  /** Deletes those attachments of a user that no message has. @returns their ids */
  deleteUnheld(userId: string, ids: readonly string[]): Promise<string[]> {
    return this.ofOwner(userId, async (transaction) => (await transaction.run(deleteUnheld, { user_id: userId, ids })).map(({ id }) => id));
  }

  /** Has the object of an attachment deleted that does not exist any more. */
  async remove(id: string): Promise<void> {
    await this.database.run(remove, { id });
  }

  /** @param userId null: of any user */
  async find(id: string, { userId }: { readonly userId: string | null }): Promise<StoredAttachment | null> {
    const [row] = await this.database.run(find, { id, user_id: userId });
    return row ?? null;
  }

  findAll(userId: string, ids: readonly string[]): Promise<StoredAttachment[]> {
    return this.database.run(findAll, { ids, user_id: userId });
  }

  async listIds(userId: string): Promise<string[]> {
    return (await this.database.run(listIds, { user_id: userId })).map(({ id }) => id);
  }

  /** In the order of each message. */
  async listOfMessages(messageIds: readonly string[]): Promise<Map<string, StoredAttachment[]>> {
    const found = new Map<string, StoredAttachment[]>();
    for (const { messageId, ...attachment } of await this.database.run(listOfMessages, { message_ids: messageIds })) {
      const ofMessage = found.get(messageId);
      if (ofMessage) ofMessage.push(attachment);
      else found.set(messageId, [attachment]);
    }
    return found;
  }

  private ofOwner<T>(userId: string, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.database.transaction(async (transaction) => {
      await transaction.run(lockOwner, { user_id: userId });
      return work(transaction);
    });
  }
}
