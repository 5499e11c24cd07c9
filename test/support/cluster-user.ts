import { type ApiClient, newMobileNumber, newUsername } from './api.js';
import type { ClusterPostgres } from './cluster.js';

/** A signed-in user of a cluster, on the Pro plan so that no daily limit stops the test. */
export interface ClusterUser {
  readonly id: string;
  readonly username: string;
  readonly password: string;
  readonly token: string;
}

export async function createClusterUser(client: ApiClient, postgres: ClusterPostgres): Promise<ClusterUser> {
  const [username, password] = [newUsername(), 'correct horse battery'];
  const signedUp = await client.post<{ id: string }>('/auth/signup', { body: { username, password, mobile_number: newMobileNumber() } });
  if (signedUp.status !== 201) throw new Error(`signup answered ${signedUp.status}`);
  const { id } = signedUp.body;
  await postgres.query(
    `INSERT INTO grants (id, user_id, entitled_until, reason) VALUES (gen_random_uuid(), $1, now() + interval '1 day', 'test')`,
    [id],
  );
  const loggedIn = await client.post<{ access_token: string }>('/auth/login', { body: { identifier: username, password } });
  if (loggedIn.status !== 200) throw new Error(`login answered ${loggedIn.status}`);
  return { id, username, password, token: loggedIn.body.access_token };
}

/** One after the other: hashing passwords is what a flood of sign-ups is refused for. */
export async function createClusterUsers(client: ApiClient, postgres: ClusterPostgres, count: number): Promise<ClusterUser[]> {
  const users: ClusterUser[] = [];
  while (users.length < count) users.push(await createClusterUser(client, postgres));
  return users;
}

/** A room with a name: the model is asked for nothing but replies. */
export async function createRoom(client: ApiClient, { token }: ClusterUser): Promise<string> {
  const { status, body } = await client.post<{ id: string }>('/chatroom', { body: { name: 'Room' }, token });
  if (status !== 201) throw new Error(`POST /chatroom answered ${status}`);
  return body.id;
}

/** What must hold in the database when all is quiet; empty when it does. */
export const findBrokenInvariants = (postgres: Pick<ClusterPostgres, 'query'>): Promise<{ what: string }[]> =>
  postgres.query(`
    SELECT 'unfinished reply ' || id AS what FROM messages WHERE status IN ('pending', 'streaming')
    UNION ALL
    SELECT 'message without exactly one reply: ' || u.id FROM messages u LEFT JOIN messages r ON r.parent_id = u.id AND r.role = 'model'
      WHERE u.role = 'user' GROUP BY u.id HAVING count(r.id) <> 1
    UNION ALL
    SELECT 'completed reply without text: ' || id FROM messages WHERE role = 'model' AND status = 'completed' AND content = ''
    UNION ALL
    SELECT 'unfinished_replies of user ' || u.id || ' is ' || u.unfinished_replies FROM users u WHERE u.unfinished_replies <> 0
    UNION ALL
    SELECT 'usage of user ' || u.id || ': counted ' || coalesce(d.messages, 0) || ', charged ' || coalesce(c.charged, 0)
      FROM users u
      LEFT JOIN (SELECT user_id, sum(messages) AS messages FROM usage_days GROUP BY user_id) d ON d.user_id = u.id
      LEFT JOIN (SELECT user_id, count(*) AS charged FROM messages WHERE charged_day IS NOT NULL GROUP BY user_id) c ON c.user_id = u.id
      WHERE coalesce(d.messages, 0) <> coalesce(c.charged, 0)
    UNION ALL
    SELECT 'positions of room ' || c.id FROM chatrooms c
      WHERE c.last_position <> (SELECT count(*) FROM messages m WHERE m.chatroom_id = c.id)`);
