import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { columnsOf } from '../../database/entity-columns.js';
import { statement } from '../../database/statement.js';
import type { HistoryLimits, PathMessage } from './context.js';
import { MessageEntity } from './message.entity.js';

const MESSAGE = columnsOf(MessageEntity, ['id', 'depth', 'role', 'status', 'content', 'model', 'thoughtSignatures']);

/** The estimated tokens of a message: a quarter of its bytes, and its role. */
const TOKENS = `(octet_length(m.content) / 4 + 4)`;
const STEP = `m.id, m.parent_id, m.depth, m.role, m.status, m.error_code, m.is_suspect, m.content, m.model, m.thought_signatures, ${TOKENS}`;

// The path of a reply, from the message that it answers upwards, as far as the limits go: one look-up by primary key
// for each message, whatever the size of the room.
const findPath = statement({
  name: 'replies_path',
  parameters: { message_id: 'uuid', max_tokens: 'int4', max_messages: 'int4' },
  columns: { ...MESSAGE.columns, tokens: 'int4', summary: 'text?', covered: 'int4?', hasSummary: 'bool', isRefused: 'bool' },
  text: `WITH RECURSIVE path (id, parent_id, depth, role, status, error_code, is_suspect, content, model, thought_signatures, tokens, spent, n) AS (
     SELECT ${STEP}, ${TOKENS}, 1 FROM messages m WHERE m.id = :message_id
     UNION ALL
     SELECT ${STEP}, p.spent + ${TOKENS}, p.n + 1
     FROM path p JOIN messages m ON m.id = p.parent_id WHERE p.spent + ${TOKENS} <= :max_tokens AND p.n < :max_messages
   )
   SELECT ${MESSAGE.sql('path')}, path.tokens, d.content AS summary, d.covered, d.message_id IS NOT NULL AS "hasSummary",
     path.status = 'failed' AND (path.error_code IN ('request_rejected', 'attachment_rejected') OR coalesce(path.is_suspect, false)) AS "isRefused"
   FROM path LEFT JOIN digests d ON d.message_id = path.id AND d.kind = 'summary' ORDER BY path.depth`,
});

/** The messages before a reply on its branch. */
@Injectable()
export class PathRepository {
  constructor(private readonly database: Database) {}

  /** The messages of a branch up to one of them, oldest first, as many as fit into the limits; that one always. */
  async findPath(messageId: string, { tokens, messages }: HistoryLimits): Promise<PathMessage[]> {
    const rows = await this.database.run(findPath, { message_id: messageId, max_tokens: tokens, max_messages: messages });
    return rows.map(({ summary, covered, thoughtSignatures: signatures, ...row }) => ({
      ...row,
      signatures,
      summary: summary === null ? null : { content: summary, covered: covered ?? 0 },
    }));
  }
}
