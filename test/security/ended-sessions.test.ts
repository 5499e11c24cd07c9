import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { runSql, signUpAdministrator } from '../support/administrator.js';
import { startTestApi, type TestApi, type TestUser } from '../support/api.js';
import { SESSION_ENDED } from '../support/problem.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

/** Far less than a reader has to take more of an answer. */
const CUT_WITHIN_MS = 5_000;

let database: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi({ DATABASE_URL: database.url, ADMIN_READS_CONTENT: 'true' });
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

/** A room with one message to which nobody makes the reply. */
async function converse({ accessToken: token }: TestUser): Promise<{ room: string; reply: string }> {
  const { body: room } = await api.post<{ id: string }>('/chatroom', { token, body: { name: 'Room' } });
  const sent = await api.post<{ reply: { id: string } }>(`/chatroom/${room.id}/message`, { token, body: { content: 'Hello' } });
  return { room: room.id, reply: sent.body.reply.id };
}

/** Makes the message of a user longer than what the system holds for the two ends of a connection. */
const lengthen = (user: TestUser) =>
  runSql(database.url, `UPDATE messages SET content = repeat('x', 40000000) WHERE user_id = $1 AND role = 'user'`, [user.id]);

/** A download of which only the beginning is read. @returns both ends of its connection */
async function begin(path: string, { accessToken }: TestUser): Promise<{ server: Socket; client: Socket }> {
  const { hostname, port } = new URL(api.origin);
  const server: Server = api.app.getHttpServer();
  const connected = once(server, 'connection') as Promise<[Socket]>;
  const client = connect(Number(port), hostname);
  const [accepted] = await connected;
  client.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${accessToken}\r\n\r\n`);
  const [chunk] = (await once(client, 'data')) as [Buffer];
  client.pause();
  expect(chunk.toString('latin1')).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  return { server: accepted, client };
}

const logOut = async ({ accessToken: token }: TestUser) => {
  expect((await api.post('/auth/logout', { token })).status).toBe(204);
};

describe('with its session ends', () => {
  test.each([
    ['the export of an account', () => '/user/me/export'],
    ['the export of a room', (room: string) => `/chatroom/${room}/export`],
  ])('%s', async (_what, pathOf) => {
    const user = await api.signUp();
    const { room } = await converse(user);
    await lengthen(user);
    const { server, client } = await begin(pathOf(room), user);
    await logOut(user);
    await until('the connection is cut', () => server.destroyed, CUT_WITHIN_MS);
    client.destroy();
  });

  test('a CSV export of an administrator', async () => {
    const [user, administrator] = [await api.signUp(), await signUpAdministrator(api)];
    await converse(user);
    await lengthen(user);
    const { server, client } = await begin('/admin/messages/export?content=true', administrator);
    await runSql(database.url, 'UPDATE users SET disabled_at = now() WHERE id = $1', [administrator.id]);
    await until('the connection is cut', () => server.destroyed, CUT_WITHIN_MS);
    client.destroy();
  });

  test('a wait for a reply: whoever waits is told', async () => {
    const user = await api.signUp();
    const { room, reply } = await converse(user);
    const began = performance.now();
    const waiting = api.get(`/chatroom/${room}/message/${reply}?wait=30`, { token: user.accessToken });
    await logOut(user);
    const answer = await waiting;
    expect([answer.status, answer.body]).toEqual([401, SESSION_ENDED]);
    expect(performance.now() - began).toBeLessThan(CUT_WITHIN_MS);
  });
});
