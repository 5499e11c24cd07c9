import { randomBytes } from 'node:crypto';
import { AttachmentSweepService } from '../../src/modules/attachments/worker/attachment-sweep.service.js';
import { ObjectStore } from '../../src/integrations/object-store/index.js';
import { runSql } from '../support/administrator.js';
import { startTestApi, type TestApi, type TestUser } from '../support/api.js';
import { type AttachmentBody, download, PDF, pictureOf, PNG, upload } from '../support/files.js';
import { problem } from '../support/problem.js';
import { type S3Server, startS3Server } from '../support/s3-server.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

interface MessageBody {
  readonly role: string;
  readonly id: string;
  readonly content: string;
  readonly attachments: AttachmentBody[];
}
interface ExchangeBody {
  readonly message: MessageBody;
  readonly reply: MessageBody;
}

const NOT_FOUND = problem(404, 'not_found', 'Not found', 'There is no such resource.');

describe.each(['database', 's3'] as const)('attachments in the store %s', (kind) => {
  let s3: S3Server | null = null;
  let stack: Stack;
  let other: TestApi;
  let user: TestUser;
  let room: string;

  beforeAll(async () => {
    s3 = kind === 's3' ? await startS3Server() : null;
    const settings = { ...s3?.settings, BASIC_DAILY_LIMIT: '1000', ATTACHMENT_CHECK_INTERVAL: '1h' };
    stack = await startStack(settings);
    other = await startTestApi({ DATABASE_URL: stack.databaseUrl, GEMINI_BASE_URL: stack.gemini.url, ...settings });
  });
  beforeEach(async () => {
    user = await stack.api.signUp();
    room = await newRoom();
  });
  afterAll(async () => {
    await other.close();
    await stack.close();
    await s3?.stop();
  });

  const sql = <Row = object>(text: string, values: readonly unknown[] = [user.id]) => runSql<Row>(stack.databaseUrl, text, values);
  const post = <Body = ExchangeBody>(path: string, body: object, headers: Record<string, string> = {}) =>
    stack.api.post<Body>(path, { token: user.accessToken, body, headers });
  const get = <Body = MessageBody>(path: string, api: TestApi = stack.api) => api.get<Body>(path, { token: user.accessToken });
  const newRoom = async () => (await post<{ id: string }>('/chatroom', {})).body.id;
  const uploaded = async (bytes: Uint8Array, name = 'file.bin') => (await upload(stack.api, user.accessToken, bytes, { name })).body;
  const send = (body: object, to = room, headers?: Record<string, string>) => post(`/chatroom/${to}/message`, body, headers);
  const usage = async () => Number((await sql<{ bytes: string }>(`SELECT attachment_bytes AS bytes FROM users WHERE id = $1`))[0]?.bytes);
  const store = () => stack.worker.get(ObjectStore, { strict: false });
  const objects = async () => new Set(await store().list(null, 1_000));

  test('are in the message everywhere it is shown, in its order, over two processes, and come back whole', async () => {
    const bytes = pictureOf(6_000_000);
    const [picture, pdf] = [await uploaded(bytes, 'cat.png'), await uploaded(PDF, 'paper.pdf')];
    const { status, body } = await send({ content: '', attachment_ids: [pdf.id, picture.id] });
    expect({ status, body }).toMatchObject({
      status: 202,
      body: { message: { content: '', attachments: [pdf, picture] }, reply: { attachments: [] } },
    });
    for (const api of [stack.api, other]) {
      expect((await get(`/chatroom/${room}/message/${body.message.id}`, api)).body.attachments).toEqual([pdf, picture]);
      const received = await download(api, user.accessToken, picture.id, { range: 'bytes=5000000-' });
      expect(received.bytes.equals(bytes.subarray(5_000_000))).toBe(true);
    }
    await get(`/chatroom/${room}/message/${body.reply.id}?wait=20`);
    const { body: page } = await get<{ data: MessageBody[] }>(`/chatroom/${room}/message`);
    expect(page.data.map(({ attachments }) => attachments)).toEqual([[], [pdf, picture]]);
    const { body: conversation } = await get<{ messages: { data: MessageBody[] } }>(`/chatroom/${room}`);
    expect(conversation.messages.data.map(({ attachments }) => attachments)).toEqual([[pdf, picture], []]);
    const { body: found } = await get<{ data: { message: MessageBody; snippet: { text: string } }[] }>('/search?q=paper');
    // The simulated model says the names too.
    expect(found.data.find(({ message }) => message.id === body.message.id)).toMatchObject({
      message: { id: body.message.id, attachments: [pdf, picture] },
      snippet: { text: ' paper.pdf cat.png' },
    });
    expect((await stack.api.delete(`/attachment/${pdf.id}`, { token: user.accessToken })).body).toMatchObject({
      code: 'attachment_in_use',
    });
  });

  test('are refused with what they would charge, where the message may not have them', async () => {
    const [mine, second] = [await uploaded(PNG), await uploaded(PNG)];
    const stranger = await stack.api.signUp();
    const { body: foreign } = await upload(stack.api, stranger.accessToken, PNG);
    const elsewhere = await newRoom();
    expect((await send({ content: 'x', attachment_ids: [second.id] }, elsewhere)).status).toBe(202);
    const used = async () => (await sql<{ n: number }>(`SELECT sum(messages)::int AS n FROM usage_days WHERE user_id = $1`))[0]?.n;
    const before = await used();
    for (const id of [foreign.id, second.id, 'x', '019ab3f2-7c04-7e51-9a60-0c5d3e2f1a4b']) {
      expect((await send({ content: 'Hello', attachment_ids: [mine.id, id] })).body).toEqual(NOT_FOUND);
    }
    for (const ids of [[mine.id, mine.id.toUpperCase()], Array.from({ length: 11 }, () => mine.id), 'x', [1]]) {
      expect((await send({ content: 'Hello', attachment_ids: ids })).body).toMatchObject({ code: 'validation_failed' });
    }
    expect((await send({ content: '', attachment_ids: [] })).body).toMatchObject({ code: 'validation_failed' });
    expect(await used()).toBe(before);
    expect((await stack.api.delete(`/attachment/${mine.id}`, { token: user.accessToken })).status).toBe(204);
  });

  test('of one that is sent twice at once to two rooms are in one of them', async () => {
    const { id } = await uploaded(PNG);
    const rooms = [room, await newRoom(), await newRoom(), await newRoom()];
    const answers = await Promise.all(rooms.map((to) => send({ content: 'Hello', attachment_ids: [id] }, to)));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 404, 404, 404]);
  });

  test('stay with an edit that names none, change with one that does, and a repeat gets the first answer', async () => {
    const [one, two] = [await uploaded(PNG, 'one.png'), await uploaded(PDF, 'two.pdf')];
    const headers = { 'idempotency-key': 'once' };
    const first = await send({ content: 'Look', attachment_ids: [one.id] }, room, headers);
    const repeat = await send({ content: 'Look', attachment_ids: [one.id] }, room, headers);
    expect(repeat.body.message).toEqual(first.body.message);
    const edit = (body: object) =>
      stack.api.patch<ExchangeBody>(`/chatroom/${room}/message/${first.body.message.id}`, { token: user.accessToken, body });
    expect((await edit({ content: 'Look again' })).body.message.attachments).toEqual([one]);
    expect((await edit({ content: '', attachment_ids: [two.id, one.id] })).body.message.attachments).toEqual([two, one]);
    expect((await edit({ content: 'Nothing', attachment_ids: [] })).body.message.attachments).toEqual([]);
  });

  test('are named by an export, left out of an import, shared by a copy, and gone with the last room that has them', async () => {
    const picture = await uploaded(pictureOf(50_000), 'cat.png');
    const { body } = await send({ content: '', attachment_ids: [picture.id] });
    await get(`/chatroom/${room}/message/${body.reply.id}?wait=20`);
    const other = await send({ content: 'Look', attachment_ids: [picture.id] });
    await get(`/chatroom/${room}/message/${other.body.reply.id}?wait=20`);
    const { body: file } = await get<{ messages: object[] }>(`/chatroom/${room}/export`);
    expect(file.messages[0]).toMatchObject({ content: '', attachments: [{ name: 'cat.png', media_type: 'image/png', size: 50_000 }] });
    const imported = await post<{ id: string }>('/chatroom/import', file);
    const { body: read } = await get<{ messages: { data: MessageBody[] } }>(`/chatroom/${imported.body.id}`);
    expect(read.messages.data[0]).toMatchObject({ content: '[cat.png]', attachments: [] });
    const copy = (await post<{ id: string }>(`/chatroom/${room}/copy`, { message_id: body.reply.id })).body.id;
    const { body: copied } = await get<{ messages: { data: MessageBody[] } }>(`/chatroom/${copy}`);
    expect(copied.messages.data[0]?.attachments).toEqual([picture]);
    // A message is found by the name of a file that it has or names, and not by that of one which it lacks.
    const { body: found } = await get<{ data: { message: MessageBody; chatroom: { id: string } }[] }>('/search?q=cat&limit=100');
    const foundIn = (id: string) =>
      found.data.flatMap(({ message, chatroom }) => (chatroom.id === id && message.role === 'user' ? [message.content] : []));
    expect([imported.body.id, copy, room].map((id) => foundIn(id).sort())).toEqual([['[cat.png]'], [''], ['', 'Look']]);
    expect(await usage()).toBe(50_000);

    const { body: link } = await post<{ url: string }>(`/attachment/${picture.id}/link`, {});
    await stack.api.delete(`/chatroom/${room}`, { token: user.accessToken });
    expect((await fetch(link.url)).status).toBe(200);
    await stack.api.delete(`/chatroom/${copy}`, { token: user.accessToken });
    expect((await fetch(link.url)).status).toBe(404);
    expect(await usage()).toBe(0);
    await until('the store has deleted it', async () => !(await objects()).has(picture.id));
  });

  test('are in the personal export, and in no table and no store after the erasure', async () => {
    const needle = `needle-${randomBytes(12).toString('hex')}`;
    const text = Buffer.from(`${needle}\n`.repeat(20_000));
    const [held, unheld] = [await uploaded(text, `${needle}.txt`), await uploaded(Buffer.concat([PNG, Buffer.from(needle)]))];
    await send({ content: 'Read this', attachment_ids: [held.id] });
    const lost = await uploaded(PNG);
    await stack.api.app.get(ObjectStore, { strict: false }).delete([lost.id]);
    const { body: data } = await get<{ attachments: { id: string; base64: string | null }[] }>('/user/me/export');
    expect(data.attachments.map(({ id }) => id)).toEqual([held.id, unheld.id, lost.id]);
    expect(data.attachments[2]?.base64).toBeNull();
    expect(Buffer.from(data.attachments[0]?.base64 ?? '', 'base64').equals(text)).toBe(true);
    expect((await stack.api.delete('/user/me', { token: user.accessToken, body: { password: user.password } })).status).toBe(204);
    await until('the store has deleted them', async () => {
      const left = await objects();
      return !left.has(held.id) && !left.has(unheld.id);
    });
    const tables = await sql<{ name: string }>(
      `SELECT c.oid::regclass::text AS name FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace`,
      [],
    );
    const holding: string[] = [];
    for (const { name } of tables) {
      const condition = name === 'object_pieces' ? `position(convert_to($1, 'UTF8') IN t.bytes) > 0` : `position($1 IN t::text) > 0`;
      if ((await sql(`SELECT 1 FROM ${name} t WHERE ${condition} LIMIT 1`, [needle])).length > 0) holding.push(name);
    }
    expect(holding).toEqual([]);
  });

  test('that no message took in a day, that broke off, or that nobody knows are swept, and no others', async () => {
    const [old, fresh, held] = [await uploaded(PNG), await uploaded(PNG), await uploaded(PNG)];
    await send({ content: 'Keep it', attachment_ids: [held.id] });
    await sql(`UPDATE attachments SET created_at = now() - interval '25 hours' WHERE id = ANY ($1)`, [[old.id, held.id]]);
    // An upload whose process died: reserved bytes, and some of them stored.
    const broken = '019ab3f2-7c04-7e51-9a60-0c5d3e2f1a4b';
    await sql(`INSERT INTO attachments (id, user_id, name, size, created_at) VALUES ($2, $1, 'x', 1000, now() - interval '16 minutes')`, [
      user.id,
      broken,
    ]);
    await sql(`UPDATE users SET attachment_bytes = attachment_bytes + 1000 WHERE id = $1`);
    const unknown = '019ab3f2-7c04-7e51-9a60-0c5d3e2f1a4c';
    async function* some() {
      yield await Promise.resolve(Buffer.from('some'));
    }
    await store().put(broken, some());
    await store().put(unknown, some());
    await stack.worker.get(AttachmentSweepService, { strict: false }).compare();
    await until('they are gone', async () => {
      const left = await objects();
      return ![old.id, broken, unknown].some((id) => left.has(id));
    });
    const left = await objects();
    expect([fresh.id, held.id].filter((id) => !left.has(id))).toEqual([]);
    expect(await usage()).toBe(2 * PNG.length);
  });
});
