import { signUpAdministrator } from '../support/administrator.js';
import type { TestUser } from '../support/api.js';
import { Conversation, type ReplyBody } from '../support/conversation.js';
import { type Stack, startStack } from '../support/stack.js';

interface Rated {
  readonly id: string;
  readonly rating: string | null;
  readonly comment: string | null;
}

let stack: Stack;
let user: TestUser;
let admin: TestUser;
let talk: Conversation;
let reply: ReplyBody;

beforeAll(async () => {
  stack = await startStack({ BASIC_DAILY_LIMIT: '1000', ADMIN_READS_CONTENT: 'true' });
  [user, admin] = [await stack.api.signUp(), await signUpAdministrator(stack.api)];
});
beforeEach(async () => {
  talk = await Conversation.start(stack.api, user.accessToken);
  reply = await talk.ask('Hello');
});
afterAll(() => stack.close());

const pathOf = (id: string) => `${talk.path}/${id}/feedback`;
const rate = (body: object, id = reply.id, token = user.accessToken) =>
  stack.api.send<ReplyBody & { code?: string }>('PUT', pathOf(id), { token, body });
const countsOf = async () => {
  const { body } = await stack.api.get<{ feedback: { model: string; up: number; down: number }[] }>('/admin/stats', {
    token: admin.accessToken,
  });
  return body.feedback.reduce<[number, number]>(([ups, downs], { up, down }) => [ups + up, downs + down], [0, 0]);
};
const listed = async (query: string): Promise<Rated[]> => {
  const { body } = await stack.api.get<{ data: Rated[] }>(`/admin/messages?chatroom_id=${talk.chatroomId}&${query}`, {
    token: admin.accessToken,
  });
  return body.data.map(({ id, rating, comment }) => ({ id, rating, comment }));
};

test('a reply is rated, rated otherwise and not any more; the counts follow, and outlive the reply', async () => {
  const [up, down] = await countsOf();
  expect(await rate({ rating: 'up', comment: 'Good. ' })).toMatchObject({
    status: 200,
    body: { feedback: { rating: 'up', comment: 'Good.' } },
  });
  expect(await countsOf()).toEqual([up + 1, down]);
  expect(await rate({ rating: 'down' })).toMatchObject({
    status: 200,
    body: { id: reply.id, feedback: { rating: 'down', comment: null } },
  });
  expect(await countsOf()).toEqual([up, down + 1]);
  expect((await talk.finished(reply.id)).feedback).toEqual({ rating: 'down', comment: null });
  for (let times = 0; times < 2; times += 1) {
    expect((await stack.api.delete(pathOf(reply.id), { token: user.accessToken })).status).toBe(204);
    expect(await countsOf()).toEqual([up, down]);
  }
  expect((await talk.finished(reply.id)).feedback).toBeNull();
  await rate({ rating: 'up' });
  await stack.api.delete(`/chatroom/${talk.chatroomId}`, { token: user.accessToken });
  expect(await countsOf()).toEqual([up + 1, down]);
});

test('ratings at once leave one, and count as one', async () => {
  const [up, down] = await countsOf();
  await Promise.all(Array.from({ length: 20 }, (_, i) => rate({ rating: i % 2 === 0 ? 'up' : 'down' })));
  const { feedback } = await talk.finished(reply.id);
  expect(await countsOf()).toEqual(feedback?.rating === 'up' ? [up + 1, down] : [up, down + 1]);
});

test('only a reply, of the caller, by the two ratings and a comment with something to read', async () => {
  expect(await rate({ rating: 'up' }, reply.reply_to ?? '')).toMatchObject({ status: 409, body: { code: 'not_a_reply' } });
  expect(await rate({ rating: 'up' }, reply.id, (await stack.api.signUp()).accessToken)).toMatchObject({ status: 404 });
  for (const body of [
    {},
    { rating: 'best' },
    { rating: 'up', comment: ' ' },
    { rating: 'up', comment: 'x'.repeat(2_001) },
    { rating: 'up', stars: 5 },
  ])
    expect(await rate(body)).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
});

test('administrators find rated replies, and read comments as they read contents', async () => {
  await rate({ rating: 'down', comment: 'Wrong.' });
  expect(await listed('rating=down')).toEqual([{ id: reply.id, rating: 'down', comment: null }]);
  expect(await listed('rating=down&content=true')).toEqual([{ id: reply.id, rating: 'down', comment: 'Wrong.' }]);
  expect(await listed('rating=up')).toEqual([]);
});

test('the personal export has the rating with its message', async () => {
  await rate({ rating: 'up', comment: 'For the export.' });
  const { body } = await stack.api.get('/user/me/export', { token: user.accessToken });
  expect(JSON.stringify(body)).toContain('For the export.');
});
