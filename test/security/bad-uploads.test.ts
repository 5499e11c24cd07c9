import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { Client } from 'pg';
import { startTestApi, type TestApi, type TestUser } from '../support/api.js';
import { type AttachmentBody, download, PDF, pictureOf, PNG } from '../support/files.js';
import { problem } from '../support/problem.js';
import { openRaw } from '../support/raw-connection.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

const MAX = 600_000;
const MINUTE = 60_000;

const TOO_LARGE = problem(413, 'payload_too_large', 'The body is too large', 'The request body is larger than this route accepts.');
const LATE = problem(408, 'request_timeout', 'The request took too long to arrive', 'Send the whole request at once.');
const BROKEN = problem(
  400,
  'bad_request',
  'The request could not be read',
  'The request line, a header or the framing of the body is malformed.',
);
const UNAVAILABLE = problem(
  503,
  'service_unavailable',
  'The service is unavailable',
  'A part of the service is unreachable. Retry shortly.',
  { retry_after: 2 },
);
const notAccepted = (detail: string) => problem(415, 'unsupported_media_type', 'The content type is not supported', detail);
const NO_FORM = notAccepted('Send the file as multipart/form-data, not compressed.');
const NO_TYPE = notAccepted('PNG, JPEG, WEBP, HEIC, PDF and UTF-8 text are accepted. The bytes of the file decide, not its name.');
const invalid = (message: string) =>
  problem(400, 'validation_failed', 'The request is not valid', 'One or more fields are not acceptable; see errors.', {
    errors: [{ field: 'file', message }],
  });
const NOT_ONE_PART = invalid('the form must have one part, a file named file');
const CONTROLS = invalid('the name must have no control characters');
const PATH = invalid('the name must have no path');
const NAMELESS = invalid('the file must have a name');
const LONG = invalid('the name must have at most 255 characters');

let stack: Stack;
/** Another process, which gives up soon. */
let impatient: TestApi;
let user: TestUser;
let client: Client;
const sockets: Socket[] = [];

beforeAll(async () => {
  stack = await startStack({ ATTACHMENT_MAX_BYTES: String(MAX), SWEEP_INTERVAL: '100ms' });
  impatient = await startTestApi({ DATABASE_URL: stack.databaseUrl, UPLOAD_STALL_TIMEOUT: '500ms' });
  user = await stack.api.signUp();
  client = new Client({ connectionString: stack.databaseUrl });
  await client.connect();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await until('nothing is left', async () => (await left()) === '0 files, 0 bytes of quota, 0 pieces, 0 removals');
});
afterAll(async () => {
  await client.end();
  await impatient.close();
  await stack.close();
});

const sql = async <Row extends object>(text: string) => (await client.query<Row>(text)).rows;
const left = async () =>
  (
    await sql<{ what: string }>(
      `SELECT format('%s files, %s bytes of quota, %s pieces, %s removals', (SELECT count(*) FROM attachments),
         (SELECT sum(attachment_bytes) FROM users), (SELECT count(*) FROM object_pieces), (SELECT count(*) FROM attachment_removals)) AS what`,
    )
  )[0]?.what;

const partOf = (bytes: Uint8Array, disposition = 'name="file"; filename="a.png"', type = 'image/png'): Buffer =>
  Buffer.concat([
    Buffer.from(`--b\r\nContent-Disposition: form-data; ${disposition}\r\nContent-Type: ${type}\r\n\r\n`),
    bytes,
    Buffer.from('\r\n'),
  ]);
const formOf = (...parts: Buffer[]): Buffer => Buffer.concat([...parts, Buffer.from('--b--\r\n')]);
const field = (name: string) => partOf(Buffer.from('x'), `name="${name}"`, 'text/plain');
const named = (name: string) => formOf(partOf(PNG, `name="file"; filename="${name}"`));
const fileOf = (bytes: Uint8Array, name = 'a.png', type = 'image/png') => formOf(partOf(bytes, `name="file"; filename="${name}"`, type));

async function post(body: Buffer, headers: Readonly<Record<string, string>> = {}): Promise<{ status: number; body: unknown }> {
  const response = await fetch(new URL('/attachment', stack.api.origin), {
    method: 'POST',
    headers: { authorization: `Bearer ${user.accessToken}`, 'content-type': 'multipart/form-data; boundary=b', ...headers },
    body: Uint8Array.from(body),
  });
  return { status: response.status, body: await response.json() };
}

/** The beginning of an upload: `bytes` are sent, and the connection stays open. */
function begin(bytes: Buffer, { length, api = stack.api }: { readonly length: number | null; readonly api?: TestApi }) {
  const head = [
    'POST /attachment HTTP/1.1',
    'Host: x',
    'Content-Type: multipart/form-data; boundary=b',
    `Authorization: Bearer ${user.accessToken}`,
    length === null ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`,
  ].join('\r\n');
  const body = length === null ? chunk(bytes) : bytes;
  const connection = openRaw(api, Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body]));
  sockets.push(connection.socket);
  return connection;
}

const chunk = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
const isBegun = () => until('the upload is under way', async () => (await sql(`SELECT FROM attachments`)).length > 0);

describe('a form', () => {
  const fields = Buffer.from('--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n\r\n'.repeat(10_000));
  const cases: [what: string, body: Buffer, expected: object][] = [
    ['without a part', formOf(), NOT_ONE_PART],
    ['with a field', formOf(field('file')), NOT_ONE_PART],
    ['with a file of another name', formOf(partOf(PNG, 'name="picture"; filename="a.png"')), NOT_ONE_PART],
    ['with two files', formOf(partOf(PNG), partOf(PNG)), NOT_ONE_PART],
    ['with a file and a field', formOf(partOf(PNG), field('more')), NOT_ONE_PART],
    ['with a field and a file', formOf(field('more'), partOf(PNG)), NOT_ONE_PART],
    ['with a file and a part that says nothing of itself', formOf(partOf(PNG), Buffer.from('--b\r\n\r\nx\r\n')), NOT_ONE_PART],
    ['with 10,000 fields', formOf(fields), NOT_ONE_PART],
    ['with a file and 10,000 fields', formOf(partOf(PNG), fields), NOT_ONE_PART],
    ['with a file that is empty', fileOf(Buffer.alloc(0)), invalid('the file must not be empty')],
    ['without an end', partOf(PNG), BROKEN],
    ['of other bytes', Buffer.from('nothing of the kind'), BROKEN],
    ['whose file is one byte too large', fileOf(pictureOf(MAX + 1)), TOO_LARGE],
  ];
  test.each(cases)('%s is refused', async (_what, body, expected) => {
    expect((await post(body)).body).toEqual(expected);
  });

  test.each([
    ['JSON', { 'content-type': 'application/json' }, NO_FORM],
    ['another multipart type', { 'content-type': 'multipart/mixed; boundary=b' }, NO_FORM],
    ['compressed', { 'content-encoding': 'gzip' }, NO_FORM],
    ['without a boundary', { 'content-type': 'multipart/form-data; charset=utf-8' }, BROKEN],
    ['with an endless boundary', { 'content-type': `multipart/form-data; boundary=${'b'.repeat(10_000)}` }, BROKEN],
  ])('that is %s is refused', async (_what, headers, expected) => {
    expect((await post(fileOf(PNG), headers)).body).toEqual(expected);
  });
});

describe('a name', () => {
  test.each([
    ['a path upward', '../../etc/passwd', PATH],
    ['a path of Windows', 'C:\\\\a.png', PATH],
    ['nothing but the folder above', '..', NAMELESS],
    ['nothing', '', NAMELESS],
    ['nothing but spaces', '   ', NAMELESS],
    ['nothing but what has no glyph', '\u200b\u2800\u3164', NAMELESS],
    ['a NUL', 'a.png\0.exe', CONTROLS],
    ['an escape', '\x1b[2Ja.png', CONTROLS],
    ['a character that turns the direction', 'cat\u202egnp.exe', CONTROLS],
    ['an isolate', 'cat\u2067gnp.exe', CONTROLS],
    ['10,000 characters', 'x'.repeat(10_000), LONG],
    ['256 characters outside of the basic plane', '🏯'.repeat(256), LONG],
    ['more than the headers of a part may have', 'x'.repeat(100_000), LONG],
  ])('of %s is refused', async (_what, name, expected) => {
    expect((await post(named(name))).body).toEqual(expected);
  });

  test('in the extended notation is no way around', async () => {
    expect((await post(formOf(partOf(PNG, `name="file"; filename*=UTF-8''..%2F..%2Fa.png`)))).body).toEqual(PATH);
  });
});

describe('bytes', () => {
  const zip = Buffer.concat([Buffer.from('PK\x03\x04\x14\0\0\0\x08\0', 'latin1'), deflateSync(Buffer.alloc(1_000_000))]);
  // An object of a size of 0, over which a parser of this format may turn for ever.
  const asf = Buffer.concat([Buffer.from('3026b2758e66cf11a6d900aa0062ce6c', 'hex'), Buffer.alloc(5_000)]);
  test.each([
    ['of a program, which the client calls a picture', Buffer.from('MZ\x90\0\x03\0\0\0', 'latin1')],
    ['of an ELF program', Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01\0', 'latin1'), Buffer.alloc(64)])],
    ['of a picture of another type', Buffer.concat([Buffer.from('GIF89a\x01\0\x01\0\0\0\0', 'latin1'), Buffer.alloc(64)])],
    ['that decompress to a hundred million', gzipSync(Buffer.alloc(100_000_000))],
    ['of an archive', zip],
    ['of a film without an end', asf],
    ['of text with a NUL', Buffer.from('Hello\0world')],
    ['of text that is not UTF-8', Buffer.from([0x48, 0xe4, 0x6c])],
    ['of text that breaks off within a character', Buffer.from('Grüße 京').subarray(0, -1)],
    [
      'of text whose last byte is wrong, after more than is looked at first',
      Buffer.concat([Buffer.alloc(300_000, 'a'), Buffer.from([0xff])]),
    ],
  ])('%s are refused', async (_what, bytes) => {
    expect((await post(fileOf(bytes))).body).toEqual(NO_TYPE);
  });

  const script = '<script>alert(document.domain)</script>';
  // A picture of 60,000 by 60,000 pixels, if anybody decoded it.
  const bomb = Buffer.concat([
    PNG.subarray(0, 16),
    Buffer.from('0000ea600000ea60', 'hex'),
    PNG.subarray(24),
    deflateSync(Buffer.alloc(5_000_000)),
  ]);
  test.each([
    ['a picture and a page at once', Buffer.concat([PNG, Buffer.from(script)]), 'image/png', /^inline;/],
    ['a PDF and a page at once', Buffer.concat([PDF, Buffer.from(script)]), 'application/pdf', /^attachment;/],
    [
      'a page that a reader of PDF would take',
      Buffer.from(`${script}\n${PDF.toString('latin1')}`),
      'text/plain; charset=utf-8',
      /^attachment;/,
    ],
    ['a picture that decompresses to much more', bomb, 'image/png', /^inline;/],
  ])('of %s are only kept and given back, as one type that nobody may doubt', async (_what, bytes, type, disposition) => {
    const { status, body } = await post(fileOf(bytes, 'page.html', 'text/html'));
    expect(status).toBe(201);
    const { id } = body as AttachmentBody;
    const { headers, bytes: received } = await download(stack.api, user.accessToken, id);
    expect(received.equals(bytes)).toBe(true);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': type,
      'content-disposition': expect.stringMatching(disposition),
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringMatching(/^sandbox;/),
    });
    expect((await stack.api.delete(`/attachment/${id}`, { token: user.accessToken })).status).toBe(204);
  });
});

describe('a file that is too large', () => {
  test.each([
    ['before a byte of it is read, where the client tells its size', Buffer.alloc(0), 100 * MAX],
    ['after the head of the form, where the size is only a little more', partOf(Buffer.from('x')), MAX + 5_000],
    ['once more has come than is allowed, where the client tells none', partOf(pictureOf(MAX + 100_000)), null],
    ['that way also where no part ever begins', Buffer.alloc(MAX + 100_000, '--c\r\n'), null],
  ])('is refused %s', async (_when, bytes, length) => {
    const { answer } = begin(bytes, { length });
    expect((await answer).body).toEqual(TOO_LARGE);
    expect((await answer).headers).toMatch(/^connection: close$/im);
  });
});

describe('a client', () => {
  const whole = fileOf(pictureOf(MAX));
  const half = whole.subarray(0, 400_000);

  test.each([
    ['that leaves in the middle', whole.length],
    ['that leaves in the middle of a body of unknown length', null],
  ])('%s leaves nothing behind', async (_what, length) => {
    const { socket } = begin(half, { length });
    await isBegun();
    socket.destroy();
  });

  test('that sends less than it says is not waited for', async () => {
    const { answer } = begin(whole, { length: whole.length + 10, api: impatient });
    expect((await answer).body).toEqual(LATE);
  });

  test('that sends more than it says is refused', async () => {
    const { answer } = begin(whole, { length: half.length });
    expect((await answer).body).toEqual(BROKEN);
  });

  test('that stalls is refused', async () => {
    const { answer } = begin(half, { length: whole.length, api: impatient });
    expect((await answer).body).toEqual(LATE);
  });

  test('that sends a byte now and then is refused', async () => {
    const { socket, answer } = begin(half, { length: null, api: impatient });
    const drip = setInterval(() => {
      if (socket.writable) socket.write(chunk(Buffer.from('x')));
    }, 50);
    expect((await answer).body).toEqual(LATE);
    clearInterval(drip);
  });

  describe('that is slow', () => {
    let later = 0;

    beforeEach(() => {
      const now = performance.now.bind(performance);
      later = 0;
      jest.spyOn(performance, 'now').mockImplementation(() => now() + later);
    });
    afterEach(() => {
      jest.restoreAllMocks();
    });

    test('but goes on may take minutes', async () => {
      const server: Server = stack.api.app.getHttpServer();
      expect(server.requestTimeout).toBeGreaterThan(stack.api.config.UPLOAD_TIMEOUT);
      const { socket, answer } = begin(half, { length: whole.length });
      await isBegun();
      later = 9 * MINUTE;
      socket.write(whole.subarray(half.length));
      expect(await answer).toMatchObject({ status: 201, body: { size: MAX } });
      const { id } = (await answer).body as AttachmentBody;
      expect((await stack.api.delete(`/attachment/${id}`, { token: user.accessToken })).status).toBe(204);
    });

    test('is refused after UPLOAD_TIMEOUT', async () => {
      const { socket, answer } = begin(half, { length: whole.length });
      await isBegun();
      later = 11 * MINUTE;
      socket.write(whole.subarray(half.length));
      expect((await answer).body).toEqual(LATE);
    });
  });
});

test('a full disk of the database is no fault of the client, and keeps nothing', async () => {
  await sql(`CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF NEW.n = 1 THEN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END IF; RETURN NEW; END $$`);
  await sql(`CREATE TRIGGER fill BEFORE INSERT ON object_pieces FOR EACH ROW EXECUTE FUNCTION fill()`);
  try {
    expect(await post(fileOf(pictureOf(MAX)))).toEqual({ status: 503, body: UNAVAILABLE });
  } finally {
    await sql(`DROP FUNCTION fill CASCADE`);
  }
});
