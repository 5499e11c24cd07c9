import { signUpAdministrator, runSql } from '../support/administrator.js';
import type { TestUser } from '../support/api.js';
import { CapturedLog, type LogLine } from '../support/captured-log.js';
import type { ExchangeBody } from '../support/conversation.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

const log = new CapturedLog();
let stack: Stack;
let user: TestUser;
let path: string;

beforeAll(async () => {
  stack = await startStack({ LOG_LEVEL: 'info', BASIC_DAILY_LIMIT: '100' }, log);
  user = await stack.api.signUp();
});

afterAll(() => stack.close());

beforeEach(async () => {
  const room = await stack.api.post<{ id: string }>('/chatroom', { token: user.accessToken, body: {} });
  path = `/chatroom/${room.body.id}/message`;
});

const linesOf = (requestId: string): LogLine[] => log.lines.filter((line) => line['request_id'] === requestId);
const said = (requestId: string) => linesOf(requestId).map(({ msg }) => msg);

/** Accepts under a request id, and waits until its reply is finished. */
async function accept(requestId: string, route: string, body: object): Promise<ExchangeBody> {
  const { status, body: exchange } = await stack.api.post<ExchangeBody>(route, {
    token: user.accessToken,
    headers: { 'x-request-id': requestId },
    body,
  });
  expect(status).toBe(202);
  await until('the reply is finished', () => said(requestId).includes('reply finished'));
  return exchange;
}

const storedId = async (id: string) =>
  (await runSql<{ request_id: string | null }>(stack.databaseUrl, 'SELECT request_id FROM messages WHERE id = $1', [id]))[0]?.request_id;

test('the failed and the successful attempts at a reply, and its title, have the request id of the POST', async () => {
  const { message, reply } = await accept('first', path, { content: 'Hello [[error-503 x2]]' });
  await until('the title is made', () => said('first').includes('title or summary finished'));
  const attempt = (number: number) => ({
    request_id: 'first',
    job_id: expect.stringContaining(reply.id) as string,
    reply_id: reply.id,
    attempt: number,
    model: reply.model,
  });
  expect(linesOf('first')).toMatchObject([
    { level: 'info', msg: 'request', method: 'POST', route: '/chatroom/:chatroom_id/message', status: 202 },
    { ...attempt(1), level: 'warn', msg: 'a call of the model failed', code: 'model_overloaded', status: 503 },
    { ...attempt(2), level: 'warn', msg: 'a call of the model failed', code: 'model_overloaded', status: 503 },
    { ...attempt(3), level: 'info', msg: 'reply finished', status: 'completed', finish_reason: 'stop', error_code: null },
    { level: 'info', msg: 'title or summary finished', kind: 'title', message_id: reply.id, attempt: 1, outcome: 'completed' },
  ]);
  expect(await storedId(message.id)).toBeNull();
});

test('each way to ask for a reply keeps the id of its own request', async () => {
  const first = await accept('way-1', path, { content: 'One' });
  const batched = await accept('way-2', path, { content: 'Two' });
  const edited = await accept('way-3', `${path}/${batched.message.id}/edit`, { content: 'Two, better' });
  const regenerated = await accept('way-4', `${path}/${first.message.id}/regenerate`, {});
  const branched = await accept('way-5', path, { content: 'Elsewhere', parent_id: first.reply.id });
  const replies = [first, batched, edited, regenerated, branched].map(({ reply }) => reply.id);
  expect(await Promise.all(replies.map(storedId))).toEqual(['way-1', 'way-2', 'way-3', 'way-4', 'way-5']);
});

test("an administrator's retry of a failed reply goes on under the id of the retry", async () => {
  const admin = await signUpAdministrator(stack.api);
  const { reply } = await accept('fails', path, { content: 'Hello [[error-404 x1]]' });
  expect(linesOf('fails').find(({ msg }) => msg === 'reply finished')).toMatchObject({
    level: 'warn',
    status: 'failed',
    error_code: 'model_misconfigured',
  });
  const retried = await stack.api.post(`/admin/messages/${reply.id}/retry`, {
    token: admin.accessToken,
    headers: { 'x-request-id': 'retry' },
  });
  expect(retried.status).toBe(202);
  await until('the reply is finished', () => said('retry').includes('reply finished'));
  expect(linesOf('retry').find(({ msg }) => msg === 'reply finished')).toMatchObject({ reply_id: reply.id, status: 'completed' });
  expect(await storedId(reply.id)).toBe('retry');
});
