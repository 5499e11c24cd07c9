import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { statement } from '../../database/statement.js';

// It reads the roll-ups of all users; the page asks for it once, and not as often as for the statistics.
const list = statement({
  name: 'admin_user_costs',
  parameters: { first: 'date', last: 'date', count: 'int8' },
  columns: { user_id: 'uuid', username: 'text', messages: 'int4', tokens: 'float8', searches: 'float8', cost_micros: 'float8' },
  text: `SELECT spent.user_id, u.username, spent.messages, spent.tokens, spent.searches, spent.cost_micros
   FROM (
     SELECT d.user_id, sum(d.messages)::integer AS messages, sum(d.input_tokens + d.output_tokens + d.reasoning_tokens)::float8 AS tokens,
       sum(d.searches)::float8 AS searches, sum(d.cost_micros)::float8 AS cost_micros
     FROM user_model_days d WHERE d.day BETWEEN :first AND :last GROUP BY d.user_id ORDER BY cost_micros DESC, d.user_id LIMIT :count
   ) spent JOIN users u ON u.id = spent.user_id
   ORDER BY spent.cost_micros DESC, spent.user_id`,
});

/** What the replies of a user cost, in millionths of a US dollar. */
export type UserCost = NonNullable<typeof list.row>;

@Injectable()
export class UserCostsRepository {
  constructor(private readonly database: Database) {}

  /** The users whose replies cost the most on these UTC days, both included. */
  list(first: string, last: string, count: number): Promise<UserCost[]> {
    return this.database.run(list, { first, last, count });
  }
}
