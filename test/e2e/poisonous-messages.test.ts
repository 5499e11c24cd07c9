import { Client } from 'pg';
import type { TestUser } from '../support/api.js';
import { Conversation } from '../support/conversation.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

let stack: Stack;
let database: Client;
let user: TestUser;

beforeAll(async () => {
  stack = await startStack({ WORKER_CONCURRENCY: '1', REPLY_MAX_ATTEMPTS: '3', REPLY_RETRY_DELAY: '2s' });
  database = new Client({ connectionString: stack.databaseUrl });
  await database.connect();
});
afterAll(async () => {
  await database.end();
  await stack.close();
});
beforeEach(async () => {
  user = await stack.api.signUp();
});

const startRoom = () => Conversation.start(stack.api, user.accessToken);
/** The id of a reply whose first try has failed. */
async function sendPoison(): Promise<{ room: Conversation; id: string }> {
  const room = await startRoom();
  const { reply } = await room.send('[[error-500]]');
  await until('the first try has failed', async () => {
    const { rows } = await database.query(`SELECT 1 FROM messages WHERE id = $1 AND (attempt > 1 OR retry_at IS NOT NULL)`, [reply.id]);
    return rows.length > 0;
  });
  return { room, id: reply.id };
}
const usage = async () =>
  (await database.query<{ messages: number }>(`SELECT messages FROM usage_days WHERE user_id = $1`, [user.id])).rows;

test('a message that cannot be answered fails after its tries, while the only worker answers the other rooms', async () => {
  const poisoned = await Promise.all([sendPoison(), sendPoison(), sendPoison()]);
  const answer = await (await startRoom()).ask('Hello');
  expect(answer.status).toBe('completed');
  for (const { room, id } of poisoned) {
    const failed = await room.finished(id);
    expect(failed).toMatchObject({ status: 'failed', content: '', finish_reason: 'error', error: { code: 'model_unavailable' } });
    expect(String(failed.completed_at) > String(answer.completed_at)).toBe(true);
  }
  const { rows } = await database.query(`SELECT attempt FROM messages WHERE id = ANY ($1)`, [poisoned.map(({ id }) => id)]);
  expect(rows).toEqual(poisoned.map(() => ({ attempt: 3 })));
  expect(await usage()).toEqual([{ messages: 1 }]);
});

test('a message whose workers die over it is given up after as many tries', async () => {
  const { room, id } = await sendPoison();
  // Three workers that died during their tries leave the message like this.
  await database.query(`UPDATE messages SET attempt = 3, retry_at = NULL, lease_until = now() WHERE id = $1`, [id]);
  expect(await room.finished(id)).toMatchObject({ status: 'failed', content: '', error: { code: 'attempts_exhausted' } });
  expect(await usage()).toEqual([{ messages: 0 }]);
});
