/** A file as a message shows it. */
export interface AttachmentSummary {
  readonly id: string;
  readonly name: string;
  readonly mediaType: string;
  /** In bytes. */
  readonly size: number;
  /** Text where JSON of PostgreSQL brought it. */
  readonly createdAt: Date | string;
}

/** A file that was uploaded as a whole. */
export interface StoredAttachment extends AttachmentSummary {
  readonly sha256: Buffer;
  readonly createdAt: Date;
}

/** SQL of the attachments of the message `m`, in their order: JSON of `AttachmentSummary[]`. */
export const ATTACHMENTS_OF_MESSAGE = `CASE m.role WHEN 'user' THEN coalesce((
    SELECT json_agg(json_build_object('id', a.id, 'name', a.name, 'mediaType', a.media_type, 'size', a.size, 'createdAt', a.created_at)
      ORDER BY h.position)
    FROM message_attachments h JOIN attachments a ON a.id = h.attachment_id WHERE h.message_id = m.id
  ), '[]'::json) ELSE '[]'::json END`;

/** SQL of the names of the attachments of the message `m`, one a line. */
export const ATTACHMENT_NAMES_OF_MESSAGE = `(
    SELECT string_agg(a.name, E'\\n' ORDER BY h.position)
    FROM message_attachments h JOIN attachments a ON a.id = h.attachment_id WHERE h.message_id = m.id
  )`;

/**
 * SQL that is true for an attachment `a` that a message of the room may have: one of the user's that no message has, or
 * that a message of the same room has.
 */
export const IS_TAKEABLE = `a.user_id = :user_id AND a.stored_at IS NOT NULL AND (NOT a.is_held OR EXISTS (
       SELECT FROM message_attachments h JOIN messages holder ON holder.id = h.message_id
       WHERE h.attachment_id = a.id AND holder.chatroom_id = :chatroom_id))`;

/** The text by which a message is found: its own, and the names of its attachments. */
export const searchableText = (content: string, attachments: readonly { readonly name: string }[]): string =>
  attachments.length === 0 ? content : [content, ...attachments.map(({ name }) => name)].join('\n');
