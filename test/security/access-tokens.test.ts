import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { DataSource } from 'typeorm';
import { newId } from '../../src/common/ids.js';
import { startTestApi, type TestApi, type TestUser } from '../support/api.js';
import { problem, SESSION_ENDED } from '../support/problem.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const SECRET = 'the-current-key-of-these-tests-0123456789';
const PREVIOUS = 'the-previous-key-of-these-tests-0123456789';

type Json = Readonly<Record<string, unknown>>;
interface Token {
  readonly header: Json;
  readonly payload: Json;
}

const INVALID_TOKEN = problem(401, 'invalid_token', 'There is no valid token', 'This route needs a valid token. Sign in.');
const TOKEN_EXPIRED = problem(401, 'token_expired', 'The access token has expired', 'Get a new access token at POST /auth/refresh.');

let database: TestDatabase;
let api: TestApi;
let user: TestUser;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi({ DATABASE_URL: database.url, JWT_SECRET: SECRET, JWT_SECRET_PREVIOUS: PREVIOUS });
  user = await api.signUp();
});

afterAll(async () => {
  await api.close();
  await database.drop();
});

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part = ''): Json => JSON.parse(Buffer.from(part, 'base64url').toString()) as Json;
const read = (token: string): Token => ({ header: decode(token.split('.')[0]), payload: decode(token.split('.')[1]) });
const sha = (algorithm: string, secret: string | Buffer, text: string) => createHmac(algorithm, secret).update(text).digest('base64url');
const keyId = (secret: string) => createHash('sha256').update(`key id ${secret}`).digest('base64url').slice(0, 12);

/** The user's own token with parts of it changed, signed as told. */
function forge({
  header = {},
  payload = {},
  secret = SECRET,
  algorithm = 'sha256',
}: {
  header?: Json;
  payload?: Json;
  secret?: string | Buffer;
  algorithm?: string;
}): string {
  const real = read(user.accessToken);
  const signed = `${encode({ ...real.header, ...header })}.${encode({ ...real.payload, ...payload })}`;
  return `${signed}.${sha(algorithm, secret, signed)}`;
}

const withSignature = (header: Json, signature: (text: string) => string): string => {
  const real = read(user.accessToken);
  const signed = `${encode({ ...real.header, ...header })}.${encode(real.payload)}`;
  return `${signed}.${signature(signed)}`;
};

const seconds = (fromNow: number) => Math.floor(Date.now() / 1_000) + fromNow;

describe('access tokens', () => {
  it('name issuer, audience, type, key and session, and live for fifteen minutes', () => {
    const { header, payload } = read(user.accessToken);
    expect(header).toEqual({ alg: 'HS256', typ: 'at+jwt', kid: keyId(SECRET) });
    expect(payload).toEqual({
      sub: user.id,
      sid: expect.any(String),
      iss: 'gemini-chat-backend',
      aud: 'gemini-chat-api',
      iat: expect.any(Number),
      exp: Number(payload['iat']) + 900,
    });
  });

  it('are accepted as they were signed, by the current key and the previous one', async () => {
    expect((await api.get('/user/me', { token: forge({}) })).status).toBe(200);
    const byPrevious = forge({ header: { kid: keyId(PREVIOUS) }, secret: PREVIOUS });
    expect((await api.get('/user/me', { token: byPrevious })).status).toBe(200);
  });

  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const refused: [name: string, token: () => string][] = [
    ['alg none', () => withSignature({ alg: 'none' }, () => '')],
    ['alg none in other letters', () => withSignature({ alg: 'nOnE' }, () => '')],
    ['alg none with the signature of HS256', () => withSignature({ alg: 'none' }, (text) => sha('sha256', SECRET, text))],
    ['HS512 with the right key', () => forge({ header: { alg: 'HS512' }, algorithm: 'sha512' })],
    ['HS512 that says HS256', () => forge({ algorithm: 'sha512' })],
    ['RS256', () => withSignature({ alg: 'RS256' }, (text) => sign('sha256', Buffer.from(text), privateKey).toString('base64url'))],
    ['no signature', () => withSignature({}, () => '')],
    ['another key', () => forge({ secret: 'another-key-of-the-same-length-0123456789' })],
    ['an empty key', () => forge({ secret: '' })],
    ['a foreign kid', () => forge({ header: { kid: 'foreign' } })],
    ['a kid that is a path', () => forge({ header: { kid: '../../../dev/null' }, secret: '' })],
    ['the kid of the previous key', () => forge({ header: { kid: keyId(PREVIOUS) } })],
    ['no kid', () => forge({ header: { kid: undefined } })],
    ['a key of its own in the header', () => forge({ header: { kid: undefined, jwk: { kty: 'oct', k: 'AA' } }, secret: Buffer.from([0]) })],
    ['another type', () => forge({ header: { typ: 'JWT' } })],
    ['an extension that has to be understood', () => forge({ header: { crit: ['b64'], b64: false } })],
    ['an empty list of extensions', () => forge({ header: { crit: [] } })],
    ['no exp', () => forge({ payload: { exp: undefined } })],
    ['an exp that is a text', () => forge({ payload: { exp: String(seconds(900)) } })],
    ['nbf ahead', () => forge({ payload: { nbf: seconds(600) } })],
    ['another audience', () => forge({ payload: { aud: 'another-api' } })],
    ['no audience', () => forge({ payload: { aud: undefined } })],
    ['another issuer', () => forge({ payload: { iss: 'another-backend' } })],
    ['no issuer', () => forge({ payload: { iss: undefined } })],
    ['no session', () => forge({ payload: { sid: undefined } })],
    ['a session that is no id', () => forge({ payload: { sid: `' OR 1=1 --` } })],
    ['a subject that is no id', () => forge({ payload: { sub: 'admin' } })],
    ['a refresh token', () => user.refreshToken],
    ['nonsense', () => 'a.b.c'],
    ['nothing', () => ''],
  ];

  it.each(refused)('are refused with %s: invalid_token', async (_, token) => {
    const answer = await api.get('/user/me', { token: token() });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(answer.body).toEqual(INVALID_TOKEN);
  });

  it('are refused when they have expired: token_expired', async () => {
    expect((await api.get('/user/me', { token: forge({ payload: { exp: seconds(-1) } }) })).body).toEqual(TOKEN_EXPIRED);
  });

  it('are refused when they have expired and are forged: invalid_token', async () => {
    const token = forge({ payload: { exp: seconds(-1) }, secret: 'another-key-of-the-same-length-0123456789' });
    expect((await api.get('/user/me', { token })).body).toEqual(INVALID_TOKEN);
  });

  it('are refused of a session that never was, or of another user: session_ended', async () => {
    const other = await api.signUp();
    for (const payload of [{ sid: newId() }, { sub: other.id }]) {
      expect((await api.get('/user/me', { token: forge({ payload }) })).body).toEqual(SESSION_ENDED);
    }
  });

  it('are refused of an ended session: session_ended', async () => {
    const other = await api.signUp();
    await api.post('/auth/logout', { token: other.accessToken });
    expect((await api.get('/user/me', { token: other.accessToken })).body).toEqual(SESSION_ENDED);
  });

  it('are refused of a disabled user: account_disabled', async () => {
    const other = await api.signUp();
    await api.app.get(DataSource).query('UPDATE users SET disabled_at = now() WHERE id = $1', [other.id]);
    expect((await api.get('/user/me', { token: other.accessToken })).body).toEqual(
      problem(401, 'account_disabled', 'The account is disabled', 'An administrator has disabled this account.'),
    );
  });

  it('are taken from the Authorization header alone', async () => {
    const { accessToken } = user;
    for (const path of [`/user/me?access_token=${accessToken}`, `/user/me?token=${accessToken}`]) {
      expect((await api.get(path)).body).toEqual(INVALID_TOKEN);
    }
    expect((await api.get('/user/me', { headers: { cookie: `access_token=${accessToken}; jwt=${accessToken}` } })).body).toEqual(
      INVALID_TOKEN,
    );
    expect((await api.get('/user/me', { headers: { authorization: `Basic ${accessToken}` } })).body).toEqual(INVALID_TOKEN);
  });
});
