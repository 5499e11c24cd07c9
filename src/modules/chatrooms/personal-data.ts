import { statement } from '../../database/statement.js';

/** The chatrooms of a user. The export reads them one by one, each with its messages. */
export const CHATROOM_EXPORT = {
  tables: ['chatrooms'],
  ids: statement({
    name: 'chatrooms_export_ids',
    parameters: { user_id: 'uuid' },
    columns: { id: 'uuid' },
    text: `SELECT id FROM chatrooms WHERE user_id = :user_id ORDER BY created_at, id`,
  }),
  chatroom: statement({
    name: 'chatrooms_export',
    parameters: { user_id: 'uuid', id: 'uuid' },
    columns: {
      id: 'uuid',
      name: 'text',
      system_instruction: 'text',
      model: 'text',
      web_search: 'bool',
      reasoning: 'text',
      archived: 'bool',
      last_message_at: 'timestamptz',
      created_at: 'timestamptz',
      updated_at: 'timestamptz',
    },
    text: `SELECT id, name, system_instruction, model, web_search, reasoning, archived, last_message_at, created_at, updated_at
     FROM chatrooms WHERE id = :id AND user_id = :user_id`,
  }),
} as const;
