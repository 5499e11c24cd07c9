import { statement } from '../../database/statement.js';

/**
 * Deletes a user, and by ON DELETE CASCADE every row that refers to the user, itself or through a chatroom. A request
 * that was let in before the holder of the number took the account over (`is_verified` is false) deletes nothing.
 */
export const deleteUser = statement({
  name: 'users_delete',
  parameters: { user_id: 'uuid', is_verified: 'bool' },
  columns: { id: 'uuid' },
  text: `DELETE FROM users WHERE id = :user_id AND (:is_verified OR reclaimed_at IS NULL) RETURNING id`,
});
