import { Injectable } from '@nestjs/common';
import DataLoader from 'dataloader';
import { Database } from '../../../database/database.js';
import { statement } from '../../../database/statement.js';
import type { UserState } from './position.js';

// The digest covers what GET /subscription/status answers, apart from the day's usage. `now()` is part of the plan:
// the end of a grant or a subscription changes it without a write.
const findStates = statement({
  name: 'live_events_find_states',
  parameters: { user_ids: 'uuid[]' },
  columns: { userId: 'uuid', version: 'float8', subscription: 'text' },
  text: `SELECT u.id AS "userId", u.list_version::float8 AS version, left(md5(concat_ws('|', p.plan,
       (SELECT string_agg(concat_ws(',', s.id, s.status, s.entitled_until, s.current_period_end, s.ends_at, s.trial_end, s.price, s.open_invoice),
          ';' ORDER BY s.id) FROM subscriptions s WHERE s.user_id = u.id),
       (SELECT string_agg(concat_ws(',', g.id, g.entitled_until, g.revoked_at), ';' ORDER BY g.id) FROM grants g WHERE g.user_id = u.id)
     )), 8) AS subscription
   FROM users u JOIN user_plans p ON p.user_id = u.id WHERE u.id = ANY (:user_ids)`,
});

/** Most users of one statement. */
const AT_ONCE = 500;

@Injectable()
export class UserStatesRepository {
  private readonly states = new DataLoader<string, UserState | null>((userIds) => this.find(userIds), {
    cache: false,
    maxBatchSize: AT_ONCE,
    batchScheduleFn: (read) => setImmediate(read),
  });

  constructor(private readonly database: Database) {}

  /** The state of a user; those of one turn are read at once. Null for a user that was erased. */
  stateOf(userId: string): Promise<UserState | null> {
    return this.states.load(userId);
  }

  private async find(userIds: readonly string[]): Promise<(UserState | null)[]> {
    const rows = await this.database.run(findStates, { user_ids: userIds });
    const states = new Map(rows.map(({ userId, ...state }) => [userId, state]));
    return userIds.map((userId) => states.get(userId) ?? null);
  }
}
