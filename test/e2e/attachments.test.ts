import { randomBytes } from 'node:crypto';
import { runSql } from '../support/administrator.js';
import { startTestApi, type TestApi, type TestUser } from '../support/api.js';
import { type AttachmentBody, download, PDF, pictureOf, PNG, sha256, upload } from '../support/files.js';
import { ID, problem, TIME } from '../support/problem.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const NOT_FOUND = problem(404, 'not_found', 'Not found', 'There is no such resource.');
const MAX = 1_000_000;

let database: TestDatabase;
let api: TestApi;
/** Another process on the same database. */
let other: TestApi;
let user: TestUser;

beforeAll(async () => {
  database = await createTestDatabase();
  const settings = { DATABASE_URL: database.url, ATTACHMENT_MAX_BYTES: String(MAX), BASIC_STORAGE_BYTES: String(20 * MAX) };
  [api, other] = await Promise.all([startTestApi(settings), startTestApi(settings)]);
});
beforeEach(async () => {
  user = await api.signUp();
});
afterAll(async () => {
  await api.close();
  await other.close();
  await database.drop();
});

const sql = <Row = object>(text: string, values: readonly unknown[] = [user.id]) => runSql<Row>(database.url, text, values);
const usage = async () => (await sql<{ bytes: string }>(`SELECT attachment_bytes AS bytes FROM users WHERE id = $1`))[0]?.bytes;
const attachments = () => sql(`SELECT id FROM attachments WHERE user_id = $1`);
const uploaded = async (bytes: Uint8Array, name?: string): Promise<AttachmentBody> => {
  const { status, body } = await upload(api, user.accessToken, bytes, { ...(name === undefined ? {} : { name }) });
  expect({ status, body }).toMatchObject({ status: 201 });
  return body;
};

describe('an upload', () => {
  const HEIC = Buffer.concat([Buffer.from('0000001c66747970686569630000000068656963', 'hex'), randomBytes(100)]);
  const cases: [what: string, bytes: Buffer, mediaType: string][] = [
    ['a PNG', PNG, 'image/png'],
    ['a JPEG', Buffer.concat([Buffer.from('ffd8ffe000104a46494600010100', 'hex'), randomBytes(500)]), 'image/jpeg'],
    ['a WEBP', Buffer.concat([Buffer.from('RIFF\x24\0\0\0WEBPVP8 ', 'latin1'), randomBytes(24)]), 'image/webp'],
    ['a HEIC', HEIC, 'image/heic'],
    ['a PDF', PDF, 'application/pdf'],
    ['text', Buffer.from('Grüße aus 京都 🏯\n'), 'text/plain'],
    ['JSON', Buffer.from('{"a": [1, 2]}'), 'text/plain'],
    [
      'an SVG with a script, which is text',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
      'text/plain',
    ],
    ['HTML, which is text', Buffer.from('<!doctype html><script>alert(1)</script>'), 'text/plain'],
    ['long text whose characters lie across chunks', Buffer.from('ä京🏯'.repeat(50_000)), 'text/plain'],
  ];
  test.each(cases)('takes %s by its bytes, whatever the client calls it', async (_, bytes, mediaType) => {
    const { status, body } = await upload(api, user.accessToken, bytes, { name: 'lies.exe', type: 'text/html' });
    expect({ status, body }).toEqual({
      status: 201,
      body: {
        id: expect.stringMatching(ID),
        name: 'lies.exe',
        media_type: mediaType,
        size: bytes.length,
        created_at: expect.stringMatching(TIME),
      },
    });
    const { bytes: received, headers } = await download(other, user.accessToken, body.id);
    expect(sha256(received)).toBe(sha256(bytes));
    expect(headers.get('content-type')?.split(';')[0]).toBe(mediaType);
    expect(await usage()).toBe(String(bytes.length));
  });

  test.each([
    [
      'Grüße 京都 "final" (2).png',
      `inline; filename="Gr??e ?? \\"final\\" (2).png"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%E4%BA%AC%E9%83%BD%20%22final%22%20%282%29.png`,
    ],
    ["it's.png", `inline; filename=it's.png`],
    ['🏯'.repeat(255), expect.stringMatching(/^inline; filename="\?+"; filename\*=UTF-8''(?:%F0%9F%8F%AF){255}$/)],
  ])('keeps the name %s', async (name, disposition) => {
    const form = [`--b`, `Content-Disposition: form-data; name="file"; filename="${name.replaceAll('"', '\\"')}"`, '', ''].join('\r\n');
    const response = await fetch(new URL('/attachment', api.origin), {
      method: 'POST',
      headers: { authorization: `Bearer ${user.accessToken}`, 'content-type': 'multipart/form-data; boundary=b' },
      body: Buffer.concat([Buffer.from(form), PNG, Buffer.from('\r\n--b--\r\n')]),
    });
    const body = (await response.json()) as AttachmentBody;
    expect({ status: response.status, name: body.name }).toEqual({ status: 201, name });
    expect((await download(api, user.accessToken, body.id)).headers.get('content-disposition')).toEqual(disposition);
  });
});

describe('a download', () => {
  const bytes = pictureOf(700_000);

  test('is the same from every process, with headers that let nothing in it run', async () => {
    const { id } = await uploaded(bytes, 'cat.png');
    const { status, headers, bytes: received } = await download(other, user.accessToken, id);
    expect({ status, isSame: received.equals(bytes) }).toEqual({ status: 200, isSame: true });
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'image/png',
      'content-length': '700000',
      'content-disposition': 'inline; filename=cat.png',
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
      'cache-control': 'private, no-cache',
    });
    const tag = headers.get('etag') ?? '';
    const again = await download(api, user.accessToken, id, { 'if-none-match': tag });
    expect({ status: again.status, size: again.bytes.length, tag: again.headers.get('etag') }).toEqual({ status: 304, size: 0, tag });
  });

  test.each([
    ['bytes=0-0', 0, 0],
    ['bytes=262143-262144', 262_143, 262_144],
    ['bytes=262144-524287', 262_144, 524_287],
    ['bytes=100-', 100, 699_999],
    ['bytes=-5', 699_995, 699_999],
    ['bytes=-9999999', 0, 699_999],
    ['bytes=699999-9999999', 699_999, 699_999],
  ])('of the range %s', async (range, first, last) => {
    const { id } = await uploaded(bytes);
    const { status, headers, bytes: received } = await download(api, user.accessToken, id, { range });
    expect({ status, range: headers.get('content-range'), length: headers.get('content-length') }).toEqual({
      status: 206,
      range: `bytes ${first}-${last}/700000`,
      length: String(last - first + 1),
    });
    expect(received.equals(bytes.subarray(first, last + 1))).toBe(true);
  });

  test('of several ranges, of an invalid one, or of a range of another file, is the whole file', async () => {
    const { id } = await uploaded(PNG);
    const wanted: Record<string, string>[] = [
      { range: 'bytes=0-1,3-4' },
      { range: 'bytes=5-2' },
      { range: 'lines=1-2' },
      { range: 'bytes=-' },
      { range: 'bytes=0-1', 'if-range': '"another"' },
    ];
    for (const headers of wanted) {
      const { status, bytes: received } = await download(api, user.accessToken, id, headers);
      expect({ headers, status, isWhole: received.equals(PNG) }).toEqual({ headers, status: 200, isWhole: true });
    }
  });

  test.each(['bytes=700000-', 'bytes=-0'])('of the range %s is refused', async (range) => {
    const { id } = await uploaded(bytes);
    const answer = await api.get(`/attachment/${id}`, { token: user.accessToken, headers: { range } });
    expect({ status: answer.status, range: answer.headers.get('content-range'), body: answer.body }).toEqual({
      status: 416,
      range: 'bytes */700000',
      body: problem(416, 'range_not_satisfiable', 'The range is not part of the file', 'The Range header names no bytes of this resource.'),
    });
  });
});

describe('an attachment of somebody else', () => {
  test('does not exist', async () => {
    const { id } = await uploaded(PNG);
    const stranger = await api.signUp();
    const token = stranger.accessToken;
    for (const answer of [
      await api.get(`/attachment/${id}`, { token }),
      await api.post(`/attachment/${id}/link`, { token }),
      await api.delete(`/attachment/${id}`, { token }),
    ]) {
      expect(answer.body).toEqual(NOT_FOUND);
    }
    expect((await download(api, user.accessToken, id)).status).toBe(200);
  });
});

describe('a link', () => {
  const linkTo = async (id: string) =>
    (await api.post<{ url: string; expires_at: string }>(`/attachment/${id}/link`, { token: user.accessToken })).body;

  test('opens the file without a token, from every process, for five minutes', async () => {
    const { id } = await uploaded(PNG, 'cat.png');
    const { url, expires_at } = await linkTo(id);
    const left = new Date(expires_at).getTime() - Date.now();
    expect(left).toBeGreaterThan(280_000);
    expect(left).toBeLessThanOrEqual(300_000);
    expect(new URL(url).origin).toBe(api.origin);
    for (const origin of [api.origin, other.origin]) {
      const response = await fetch(new URL(new URL(url).pathname, origin), { headers: { range: 'bytes=0-3' } });
      expect({ status: response.status, type: response.headers.get('content-type') }).toEqual({ status: 206, type: 'image/png' });
      expect(Buffer.from(await response.arrayBuffer())).toEqual(PNG.subarray(0, 4));
    }
  });

  test('opens no other file, and nothing once it was changed, has expired, or its file is gone', async () => {
    const [{ id }, { id: second }] = [await uploaded(PNG), await uploaded(PDF)];
    const [, , token = ''] = new URL((await linkTo(id)).url).pathname.split('/');
    const [, expiry = '', signature = ''] = token.split('.');
    const later = (Date.now() + 3_600_000).toString(36);
    for (const forged of [
      `${second}.${expiry}.${signature}`,
      `${id}.${later}.${signature}`,
      `${id}.${expiry}.`,
      `${id}.${expiry}`,
      `${id}.${expiry}.${signature.slice(1)}`,
      id,
      'x',
      '..',
    ]) {
      expect((await api.get(`/file/${encodeURIComponent(forged)}`)).body).toEqual(NOT_FOUND);
    }
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 300_001);
    expect((await api.get(`/file/${token}`)).body).toEqual(NOT_FOUND);
    clock.mockRestore();
    expect((await fetch(new URL(`/file/${token}`, api.origin))).status).toBe(200);
    await api.delete(`/attachment/${id}`, { token: user.accessToken });
    expect((await api.get(`/file/${token}`)).body).toEqual(NOT_FOUND);
  });

  test('is no access token', async () => {
    const { id } = await uploaded(PNG);
    const [, , token = ''] = new URL((await linkTo(id)).url).pathname.split('/');
    expect((await api.get(`/attachment/${id}`, { token })).status).toBe(401);
  });
});

test('a deleted file is gone, and its bytes are free again', async () => {
  const { id } = await uploaded(pictureOf(500_000));
  expect(await usage()).toBe('500000');
  expect((await api.delete(`/attachment/${id}`, { token: user.accessToken })).status).toBe(204);
  expect((await api.get(`/attachment/${id}`, { token: user.accessToken })).body).toEqual(NOT_FOUND);
  expect((await api.delete(`/attachment/${id}`, { token: user.accessToken })).body).toEqual(NOT_FOUND);
  expect({ usage: await usage(), rows: await attachments() }).toEqual({ usage: '0', rows: [] });
});

describe('the quota', () => {
  test('admits exactly as many of 50 parallel uploads as fit, over both processes', async () => {
    const size = 30_000;
    const quota = 20 * size;
    await sql(`UPDATE users SET stored_bytes = $2, usage_counted_at = now() WHERE id = $1`, [user.id, 20 * MAX - quota]);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => upload<{ code?: string }>(i % 2 === 0 ? api : other, user.accessToken, pictureOf(size))),
    );
    const outcomes = answers.map(({ status, body }) => body.code ?? status);
    expect(outcomes.filter((outcome) => outcome === 201)).toHaveLength(20);
    expect(outcomes.filter((outcome) => outcome === 'storage_full')).toHaveLength(30);
    expect({ usage: await usage(), rows: (await attachments()).length }).toEqual({ usage: String(quota), rows: 20 });
  });

  test('also counts a file whose size its sender does not tell', async () => {
    await sql(`UPDATE users SET stored_bytes = $2, usage_counted_at = now() WHERE id = $1`, [user.id, 20 * MAX - 100_000]);
    const chunked = async (size: number) => {
      const bytes = pictureOf(size);
      const head = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n';
      async function* body() {
        yield Buffer.from(head);
        for (let at = 0; at < size; at += 10_000) yield await Promise.resolve(bytes.subarray(at, at + 10_000));
        yield Buffer.from('\r\n--b--\r\n');
      }
      const response = await fetch(new URL('/attachment', api.origin), {
        method: 'POST',
        headers: { authorization: `Bearer ${user.accessToken}`, 'content-type': 'multipart/form-data; boundary=b' },
        body: body() as never,
        duplex: 'half',
      });
      return ((await response.json()) as { code?: string }).code ?? response.status;
    };
    expect(await chunked(100_001)).toBe('storage_full');
    expect(await usage()).toBe('0');
    expect(await chunked(100_000)).toBe(201);
    expect(await usage()).toBe('100000');
    expect(await chunked(1_000)).toBe('storage_full');
  });
});
