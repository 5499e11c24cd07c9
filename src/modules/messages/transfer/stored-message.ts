import { type RowOf, typed } from '../../../database/sql-types.js';
import { ATTACHMENTS_OF_MESSAGE, type AttachmentSummary } from '../../attachments/index.js';
import { isFinished, type MessageStatus } from '../message-status.js';
import type { MessageEntity } from '../message.entity.js';
import type { DocumentMessage } from './chatroom-document.js';

type Reply = Extract<DocumentMessage, { role: 'model' }>;
type Details = Pick<Reply, 'reasoning' | 'part_lengths' | 'sources' | 'search_suggestions'>;

/** The columns that a message of a document is made of; `n` is its position. */
export const MESSAGE = {
  n: 'int4',
  parent: 'int4?',
  role: typed<DocumentMessage['role']>('text'),
  status: typed<MessageStatus>('text'),
  content: 'text',
  model: 'text?',
  finish_reason: typed<Reply['finish_reason']>('text'),
  block_reason: 'text?',
  error: 'text?',
  usage: typed<Reply['usage']>('json'),
  context: typed<Reply['context']>('json'),
  attachments: typed<readonly AttachmentSummary[]>('json'),
  web_search: 'bool?',
  reasoning_level: typed<MessageEntity['reasoningLevel']>('text'),
  reasoning: 'text?',
  part_lengths: typed<MessageEntity['partLengths']>('int4[]'),
  sources: typed<MessageEntity['sources']>('jsonb'),
  search_suggestions: 'text?',
  created_at: 'timestamptz',
  completed_at: 'timestamptz?',
} as const;

type StoredMessage = RowOf<typeof MESSAGE>;

/** SQL of these columns, of a message `m` and its parent `p`. */
export const MESSAGE_SQL = `m.position AS n, p.position AS parent, m.role, m.status, m.content, m.model, m.finish_reason, m.block_reason,
  m.error_code AS error,
  CASE WHEN m.total_tokens IS NOT NULL THEN json_build_object('input_tokens', coalesce(m.input_tokens, 0),
    'output_tokens', coalesce(m.output_tokens, 0), 'reasoning_tokens', coalesce(m.reasoning_tokens, 0),
    'total_tokens', m.total_tokens, 'estimated', coalesce(m.usage_estimated, false)) END AS usage,
  CASE WHEN m.context_turns IS NOT NULL THEN json_build_object('turns', m.context_turns,
    'trimmed', coalesce(m.context_trimmed, 0), 'summarised', coalesce(m.context_summarised, 0)) END AS context,
  ${ATTACHMENTS_OF_MESSAGE} AS attachments, m.web_search, m.reasoning_level, m.reasoning, m.part_lengths, m.sources, m.search_suggestions,
  m.created_at, m.completed_at`;

/** Those that may be long. */
export const MESSAGE_TEXTS = ['m.content', 'm.attachments::text', 'm.reasoning', 'm.sources::text', 'm.search_suggestions'];

/** A message as a document has it. A reply that is not finished becomes a cancelled one. */
export function toDocumentMessage(row: StoredMessage): DocumentMessage {
  const { n, parent, content, model, finish_reason, block_reason, error, usage, context } = row;
  const { web_search, reasoning_level, reasoning, part_lengths, sources, search_suggestions } = row;
  const created_at = row.created_at.toISOString();
  if (row.role === 'user' || parent === null) {
    const attachments = row.attachments.map(({ name, mediaType: media_type, size }) => ({ name, media_type, size }));
    const options = withoutNulls({ web_search, reasoning_level });
    return { n, parent, role: 'user', content, ...(attachments.length > 0 ? { attachments } : {}), ...options, created_at };
  }
  const rest = { model, block_reason, error, usage, context, created_at };
  const { status } = row;
  if (!isFinished(status)) {
    return { n, parent, role: 'model', content: '', status: 'cancelled', finish_reason: 'cancelled', ...rest, completed_at: created_at };
  }
  const details = withoutNulls({ reasoning, part_lengths, sources, search_suggestions }) as Details;
  const completed_at = row.completed_at?.toISOString() ?? created_at;
  return { n, parent, role: 'model', content, status, finish_reason, ...rest, ...details, completed_at };
}

const withoutNulls = <Members extends object>(members: Members) =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null)) as {
    [Member in keyof Members]?: NonNullable<Members[Member]>;
  };
