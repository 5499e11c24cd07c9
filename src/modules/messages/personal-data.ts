import { withinPageBytes } from '../../database/page-bytes.js';
import type { PersonalData } from '../../database/personal-data.js';
import { statement } from '../../database/statement.js';

export const MESSAGES_PERSONAL_DATA: readonly PersonalData[] = [
  {
    name: 'model_usage',
    tables: ['user_model_days'],
    rows: statement({
      name: 'user_model_days_export',
      parameters: { user_id: 'uuid' },
      columns: {
        day: 'date',
        model: 'text',
        messages: 'int4',
        input_tokens: 'float8',
        output_tokens: 'float8',
        reasoning_tokens: 'float8',
        searches: 'float8',
        cost_usd: 'float8',
      },
      text: `SELECT day, model, messages, input_tokens::float8, output_tokens::float8, reasoning_tokens::float8,
       searches::float8, cost_micros::float8 / 1000000 AS cost_usd
     FROM user_model_days WHERE user_id = :user_id ORDER BY day, model`,
    }),
  },
];

/** The messages of a chatroom in the order of their positions, one page at a time. */
export const MESSAGE_EXPORT = {
  tables: ['messages', 'digests', 'feedback', 'message_attachments'],
  page: statement({
    name: 'messages_export',
    parameters: { chatroom_id: 'uuid', after_position: 'int4', count: 'int8' },
    columns: {
      position: 'int4',
      id: 'uuid',
      role: 'text',
      status: 'text',
      content: 'text',
      parent_id: 'uuid',
      model: 'text',
      finish_reason: 'text',
      error_code: 'text',
      input_tokens: 'int4',
      output_tokens: 'int4',
      reasoning_tokens: 'int4',
      total_tokens: 'int4',
      usage_estimated: 'bool',
      created_at: 'timestamptz',
      completed_at: 'timestamptz',
      summary_up_to_here: 'text',
      web_search: 'bool',
      reasoning_level: 'text',
      reasoning: 'text',
      sources: 'jsonb',
      search_suggestions: 'text',
      feedback: 'json',
      attachment_ids: 'uuid[]',
      goes_on: 'bool',
    },
    text: withinPageBytes(
      `SELECT position, id, role, status, content, parent_id, model, finish_reason, error_code, input_tokens, output_tokens,
       reasoning_tokens, total_tokens, usage_estimated, created_at, completed_at,
       (SELECT d.content FROM digests d WHERE d.message_id = messages.id AND d.kind = 'summary') AS summary_up_to_here,
       web_search, reasoning_level, reasoning, sources, search_suggestions,
       (SELECT json_build_object('rating', f.rating, 'comment', f.comment) FROM feedback f WHERE f.message_id = messages.id) AS feedback,
       ARRAY(SELECT a.attachment_id FROM message_attachments a WHERE a.message_id = messages.id ORDER BY a.position) AS attachment_ids
     FROM messages WHERE chatroom_id = :chatroom_id AND position > :after_position ORDER BY position LIMIT :count`,
      { as: 'm', order: 'm.position', texts: ['m.content', 'm.reasoning', 'm.search_suggestions', 'm.sources::text'] },
    ),
  }),
} as const;
