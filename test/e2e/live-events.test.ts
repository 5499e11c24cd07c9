import { EventLogs } from '../../src/streams/event-logs.js';
import { runSql, signUpAdministrator } from '../support/administrator.js';
import { startTestApi, type TestApi, type TestUser } from '../support/api.js';
import { chatroomDocument } from '../support/chatroom-document.js';
import { Conversation } from '../support/conversation.js';
import { describeOn, ENGINES, settingsOf, startEngine } from '../support/engines.js';
import { LiveConnection } from '../support/live-events.js';
import type { TestRedis } from '../support/redis-server.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

const SETTINGS = { BASIC_DAILY_LIMIT: '1000', MAX_STREAMS: '3' };

describe.each(ENGINES)('live events (%s)', (engine) => {
  describeOn(engine, 'tell', () => {
    let redis: TestRedis | null;
    let stack: Stack;
    let user: TestUser;
    let live: LiveConnection;
    const opened: LiveConnection[] = [];

    beforeAll(async () => {
      redis = await startEngine(engine);
      stack = await startStack({ ...SETTINGS, ...settingsOf(redis) });
    });
    beforeEach(async () => {
      user = await stack.api.signUp();
      live = await open();
    });
    afterEach(() => {
      for (const connection of opened.splice(0)) connection.close();
    });
    afterAll(async () => {
      await stack.close();
      await redis?.stop();
    });

    const open = async (lastEventId?: string, token = user.accessToken, api: TestApi = stack.api) => {
      const connection = await LiveConnection.open(api, token, lastEventId);
      opened.push(connection);
      return connection;
    };
    const talk = (room?: object) => Conversation.start(stack.api, user.accessToken, room);
    const request = (method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: object) =>
      stack.api.send<{ id: string }>(method, path, { token: user.accessToken, ...(body ? { body } : {}) });

    test('a room that is created, changed, archived and deleted', async () => {
      expect(live.headers.get('content-type')).toBe('text/event-stream');
      const { body: room } = await request('POST', '/chatroom', { name: 'One' });
      await request('PATCH', `/chatroom/${room.id}`, { name: 'Other' });
      await request('PATCH', `/chatroom/${room.id}`, { archived: true });
      await request('DELETE', `/chatroom/${room.id}`);
      const events = await live.until(4);
      expect(events.map(({ type, chatroom_id }) => [type, chatroom_id])).toEqual(
        ['created', 'updated', 'updated', 'deleted'].map((what) => [`chatroom.${what}`, room.id]),
      );
      expect(Object.keys(events[0] ?? {}).sort()).toEqual(['at', 'chatroom_id', 'id', 'type']);
    });

    test('a message from its acceptance to the title of its room', async () => {
      const conversation = await talk({});
      const { chatroomId } = conversation;
      const { message, reply } = await conversation.send('Hello');
      await live.until(5);
      expect(live.events.slice(1)).toMatchObject([
        { type: 'message.accepted', chatroom_id: chatroomId, message_id: message.id, reply_id: reply.id },
        { type: 'reply.started', chatroom_id: chatroomId, message_id: reply.id },
        { type: 'reply.finished', chatroom_id: chatroomId, message_id: reply.id, status: 'completed' },
        { type: 'chatroom.updated', chatroom_id: chatroomId },
      ]);
    });

    test('another reply, an edit, a cancelled reply, and the choice of a branch', async () => {
      const conversation = await talk();
      const first = await conversation.ask('Hello');
      const { body: again } = await stack.api.post<{ reply: { id: string } }>(`${conversation.path}/${first.id}/regenerate`, {
        token: user.accessToken,
      });
      await conversation.finished(again.reply.id);
      const { body: edited } = await stack.api.patch<{ message: { id: string }; reply: { id: string } }>(
        `${conversation.path}/${first.reply_to ?? ''}`,
        { token: user.accessToken, body: { content: '[[slow 250ms]] [[long 1000]]' } },
      );
      await live.until(9);
      await request('POST', `${conversation.path}/${edited.reply.id}/cancel`);
      await request('POST', `${conversation.path}/${first.id}/activate`);
      await live.until(11);
      expect(live.types.slice(4)).toEqual([
        ...['message.accepted', 'reply.started', 'reply.finished'],
        ...['message.accepted', 'reply.started', 'reply.finished', 'chatroom.updated'],
      ]);
      expect(live.events[4]).toMatchObject({ message_id: first.reply_to, reply_id: again.reply.id });
      expect(live.events[7]).toMatchObject({ message_id: edited.message.id, reply_id: edited.reply.id });
      expect(live.events[9]).toMatchObject({ message_id: edited.reply.id, status: 'cancelled' });
    });

    test('an imported and a copied room', async () => {
      const { body: imported } = await request('POST', '/chatroom/import', chatroomDocument(['Hello', 'Hi']));
      const { body: room } = await stack.api.get<{ messages: { data: { id: string }[] } }>(`/chatroom/${imported.id}`, {
        token: user.accessToken,
      });
      const { body: copy } = await request('POST', `/chatroom/${imported.id}/copy`, { message_id: room.messages.data[1]?.id });
      await live.until(2);
      expect(live.events.map(({ type, chatroom_id }) => [type, chatroom_id])).toEqual(
        [imported.id, copy.id].map((id) => ['chatroom.created', id]),
      );
    });

    test("an administrator's retry and grant", async () => {
      const admin = await signUpAdministrator(stack.api);
      const conversation = await talk();
      const reply = await conversation.ask('[[error-400 x1]] Hello');
      expect(reply.status).toBe('failed');
      await live.until('reply.finished');
      const seen = live.events.length;
      await stack.api.post(`/admin/messages/${reply.id}/retry`, { token: admin.accessToken });
      await live.until(seen + 3);
      expect(live.events.slice(seen, seen + 2)).toMatchObject([
        { type: 'chatroom.updated', chatroom_id: conversation.chatroomId, message_id: reply.id },
        { type: 'reply.started', message_id: reply.id },
      ]);
      await stack.api.post(`/admin/subscriptions/${user.id}/grant`, {
        token: admin.accessToken,
        body: { until: new Date(Date.now() + 86_400_000).toISOString(), reason: 'test' },
      });
      await live.until('subscription.updated');
    });

    test('the end of a plan that nobody wrote', async () => {
      await runSql(
        stack.databaseUrl,
        `INSERT INTO grants (id, user_id, entitled_until, reason) VALUES (gen_random_uuid(), $1, now() + interval '5 seconds', 'test')`,
        [user.id],
      );
      await live.until(2);
      expect(live.types).toEqual(['subscription.updated', 'subscription.updated']);
    });

    test('the end of the session, and close; other sessions stay', async () => {
      const login = await stack.api.post<{ access_token: string }>('/auth/login', {
        body: { identifier: user.username, password: user.password },
      });
      const other = await open(undefined, login.body.access_token);
      const began = performance.now();
      await stack.api.post('/auth/logout', { token: user.accessToken });
      await until('the connection ends', () => live.isEnded, 5_000, 5);
      console.info(`ended ${Math.round(performance.now() - began)} ms after the logout`);
      expect(live.types).toEqual(['session.ended']);
      expect(other.isEnded).toBe(false);
    });

    test('what came after the last event, in another process too, and each change once', async () => {
      const conversation = await talk();
      await live.until(1);
      live.close();
      await conversation.ask('Hello');
      await request('PATCH', `/chatroom/${conversation.chatroomId}`, { name: 'Other' });
      const resumed = await open(live.lastId);
      await resumed.until(4);
      const types = ['message.accepted', 'reply.started', 'reply.finished', 'chatroom.updated'];
      expect(resumed.types).toEqual(types);
      resumed.close();
      const again = await startTestApi({ ...SETTINGS, ...settingsOf(redis), DATABASE_URL: stack.databaseUrl });
      try {
        const inTheMiddle = await open(resumed.events[1]?.id, user.accessToken, again);
        await inTheMiddle.until(2);
        expect(inTheMiddle.types).toEqual(types.slice(2));
      } finally {
        await again.close();
      }
    });

    test('a plan that changed while nobody listened', async () => {
      await talk();
      await live.until(1);
      live.close();
      await runSql(
        stack.databaseUrl,
        `INSERT INTO grants (id, user_id, entitled_until, reason) VALUES (gen_random_uuid(), $1, now() + interval '1 day', 'test')`,
        [user.id],
      );
      const resumed = await open(live.lastId);
      await resumed.until(1);
      expect(resumed.types).toEqual(['subscription.updated']);
    });

    test.each(['1-1.1.00000000', 'nonsense', `9999999999999-0.99.00000000`])('reset for the position %s', async (position) => {
      await talk();
      const resumed = await open(position);
      await resumed.until(1);
      expect(resumed.types).toEqual(['reset']);
      const after = await open(resumed.lastId);
      await talk();
      await after.until(1);
      expect(after.types).toEqual(['chatroom.created']);
    });

    test('reset for a change whose process died before it could tell', async () => {
      await talk();
      await live.until(1);
      await runSql(stack.databaseUrl, 'UPDATE users SET list_version = list_version + 1 WHERE id = $1', [user.id]);
      await talk();
      await live.until('reset');
      expect(live.types).toEqual(['chatroom.created', 'reset']);
      await talk();
      await live.until(3);
      expect(live.types[2]).toBe('chatroom.created');
    });

    test('nothing to others, and to no more connections than a user may have', async () => {
      const stranger = await stack.api.signUp();
      const theirs = await open(undefined, stranger.accessToken);
      await open();
      await open();
      const { status } = await stack.api.get('/user/me/events', { token: user.accessToken });
      expect(status).toBe(429);
      await talk();
      await live.until(1);
      expect(theirs.events).toEqual([]);
    });

    test('the state that the list has when it is read after an event', async () => {
      const list = () => stack.api.get<{ data: { name: string }[] }>('/chatroom', { token: user.accessToken });
      const { chatroomId } = await talk();
      await list();
      for (let n = 1; n <= 20; n += 1) {
        await request('PATCH', `/chatroom/${chatroomId}`, { name: `Name ${n}` });
        await live.until(n + 1);
        expect((await list()).body.data.map(({ name }) => name)).toEqual([`Name ${n}`]);
      }
    });
  });
});

describeOn('redis', 'live events while Redis is away', () => {
  test('everything else goes on, and the reader is told to read everything again', async () => {
    const redis = await startEngine('redis');
    const stack = await startStack({ ...SETTINGS, ...settingsOf(redis) });
    try {
      const user = await stack.api.signUp();
      const before = await LiveConnection.open(stack.api, user.accessToken);
      await Conversation.start(stack.api, user.accessToken);
      await before.until(1);
      await redis?.kill();
      await Conversation.start(stack.api, user.accessToken);
      const during = await LiveConnection.open(stack.api, user.accessToken, before.lastId);
      expect(during.status).toBe(200);
      await during.until('reset');
      await before.until('reset');
      await redis?.restart();
      await until('the logs are back', () =>
        stack.api.app
          .get(EventLogs)
          .read('any')
          .then(
            () => true,
            () => false,
          ),
      );
      const [seenBefore, seenDuring] = [before.events.length, during.events.length];
      const isTold = (connection: LiveConnection, seen: number) =>
        connection.types.slice(seen).some((type) => type !== 'subscription.updated');
      await Conversation.start(stack.api, user.accessToken);
      await until('both are told', () => isTold(before, seenBefore) && isTold(during, seenDuring));
      before.close();
      during.close();
    } finally {
      await stack.close();
      await redis?.stop();
    }
  });
});
