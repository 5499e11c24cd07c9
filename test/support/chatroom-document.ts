const AT = '2026-01-02T03:04:05.678Z';

/**
 * A document for `POST /chatroom/import`: one question, and a branch that goes on with these texts in turn of the user
 * and of the model.
 */
export const chatroomDocument = (contents: readonly string[]) => ({
  format: 'gemini-chat-room',
  version: 1,
  chatroom: { name: 'Imported', system_instruction: null, model: null, archived: false, created_at: AT, active: contents.length || null },
  messages: contents.map((content, i) => {
    const message = { n: i + 1, parent: i || null, content, created_at: AT };
    if (i % 2 === 0) return { ...message, role: 'user' };
    return {
      ...message,
      ...{ role: 'model', status: 'completed', model: null, finish_reason: 'stop', block_reason: null, error: null },
      ...{ usage: null, context: null, completed_at: AT },
    };
  }),
});
