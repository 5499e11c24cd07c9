import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { CapturedLog } from '../support/captured-log.js';
import { upload } from '../support/files.js';
import { startTestRedis, type TestRedis, whyNoRedis } from '../support/redis-server.js';
import { type Stack, startStack } from '../support/stack.js';
import { until } from '../support/until.js';

const missing = whyNoRedis();
const withRedis = missing === null ? describe : describe.skip;

const PLANTED = {
  content: 'planted-content-of-a-message',
  instruction: 'planted-system-instruction',
  room: 'planted-name-of-a-room',
  file: 'planted-bytes-of-a-file',
  fileName: 'planted-name-of-a-file.txt',
  refusedFile: 'planted-bytes-of-a-refused-file',
  password: 'planted-password-7391',
  wrongPassword: 'planted-wrong-password',
  email: 'planted-address@example.com',
  geminiKey: 'planted-gemini-key',
  twilioToken: 'planted-twilio-token',
  stripeKey: 'sk_test_plantedstripekey',
};
const NUMBER = '+919876543210';

withRedis(`what a vendor repeats of a request${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  const log = new CapturedLog();
  const received: string[] = [];
  let vendor: Server;
  let redis: TestRedis;
  let stack: Stack;

  /** Refuses every call, and repeats its headers and its body in its words, as none of the vendors should. */
  beforeAll(async () => {
    vendor = createServer((request, response) => {
      void (async () => {
        let body = '';
        for await (const chunk of request) body += String(chunk);
        received.push(body);
        const message = `${JSON.stringify(request.headers)} ${decodeURIComponent(body.replaceAll('+', ' '))}`;
        const details = [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' }];
        const isTwilio = request.url?.includes('/Accounts/') === true;
        const error = {
          code: isTwilio ? 'parameter_invalid' : 400,
          type: 'invalid_request_error',
          status: 'INVALID_ARGUMENT',
          message,
          details,
        };
        response.writeHead(400, { 'content-type': 'application/json' });
        response.end(JSON.stringify(isTwilio ? { code: 21_211, message } : { error }));
      })();
    }).listen(0, '127.0.0.1');
    await once(vendor, 'listening');
    const url = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}`;
    redis = await startTestRedis();
    stack = await startStack(
      {
        LOG_LEVEL: 'trace',
        REDIS_URL: redis.url,
        GEMINI_API_KEY: PLANTED.geminiKey,
        GEMINI_BASE_URL: url,
        STRIPE_SECRET_KEY: PLANTED.stripeKey,
        STRIPE_BASE_URL: url,
        STRIPE_WEBHOOK_SECRET: 'whsec_planted',
        STRIPE_PRICE_PRO_ID: 'price_planted',
        FRONTEND_URL: 'https://example.com',
        OTP_DELIVERY: 'twilio',
        TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
        TWILIO_AUTH_TOKEN: PLANTED.twilioToken,
        TWILIO_FROM: '+14155550100',
        TWILIO_BASE_URL: url,
        SWEEP_INTERVAL: '200ms',
      },
      log,
    );
  });

  afterAll(async () => {
    await stack.close();
    await redis.stop();
    vendor.close();
  });

  const saying = (msg: string) => log.lines.filter((line) => line.msg?.startsWith(msg));

  test('is in no log line, error, job, key of Redis or metric; the reason and the status are in the log', async () => {
    const { api } = stack;
    const username = 'planted_person';
    const signUp = { username, password: PLANTED.password, mobile_number: NUMBER, email: PLANTED.email };
    const { body: challenge } = await api.post<{ challenge_id: string }>('/auth/signup', { body: signUp });
    await until('the code was refused', () => saying('a code was not delivered').length > 0);
    const code = received.map((body) => /\b(\d{6})\b/.exec(decodeURIComponent(body.replaceAll('+', ' ')))?.[1]).find(Boolean) ?? '';
    expect(code).toMatch(/^\d{6}$/);
    await api.post('/auth/login', { body: { identifier: NUMBER, password: PLANTED.wrongPassword } });
    for (let i = 0; i < 6; i += 1) {
      const wrong = { mobile_number: NUMBER, otp: code === '999999' ? '000000' : '999999', challenge_id: challenge.challenge_id };
      await api.post('/auth/verify-otp', { body: wrong });
    }
    await api.post('/auth/verify-otp', { body: { mobile_number: NUMBER, otp: code, challenge_id: challenge.challenge_id } });
    const { body: tokens } = await api.post<{ access_token: string; refresh_token: string }>('/auth/login', {
      body: { identifier: username, password: PLANTED.password },
    });
    const token = tokens.access_token;
    const { body: room } = await api.post<{ id: string }>('/chatroom', {
      token,
      body: { name: PLANTED.room, system_instruction: PLANTED.instruction },
    });
    const { body: file } = await upload(api, token, Buffer.from(PLANTED.file), { name: PLANTED.fileName });
    expect((await upload(api, token, Buffer.from(`${PLANTED.refusedFile}\0`), { name: PLANTED.fileName })).status).toBe(415);
    const { body: link } = await api.post<{ url: string }>(`/attachment/${file.id}/link`, { token });
    expect(await (await fetch(link.url)).text()).toBe(PLANTED.file);
    await api.post(`/chatroom/${room.id}/message`, { token, body: { content: PLANTED.content, attachment_ids: [file.id] } });
    await until('the reply has failed', () => saying('reply finished').length > 0);
    const payment = await api.post('/subscribe/pro', { token, body: {} });
    expect(payment).toMatchObject({ status: 502, body: { code: 'payment_provider_refused' } });

    expect(saying('a call of the model failed')).toMatchObject([
      { vendor: 'gemini', status: 400, reason: 'API_KEY_INVALID', code: 'model_misconfigured', model: expect.any(String) as string },
    ]);
    expect(saying('a code was not delivered')[0]).toMatchObject({ vendor: 'twilio', status: 400, reason: 21_211 });
    expect(saying('a call of Stripe failed')[0]).toMatchObject({ vendor: 'stripe', status: 400 });
    const everywhere = new Map([
      ['log', log.lines.map((line) => JSON.stringify(line))],
      ['Redis', await dump(redis.url)],
      ['metrics', [(await api.get<string>('/metrics')).body]],
    ]);
    // The vendor did see them, so that the test can fail.
    const secrets = {
      ...PLANTED,
      encodedFile: Buffer.from(PLANTED.file).toString('base64'),
      link: link.url.slice(-40),
      number: NUMBER,
      digits: NUMBER.slice(1),
      code,
      accessToken: token,
      refreshToken: tokens.refresh_token,
    };
    for (const seen of [PLANTED.content, PLANTED.fileName, secrets.encodedFile]) expect(received.join('\n')).toContain(seen);
    for (const [where, texts] of everywhere)
      for (const [what, secret] of Object.entries(secrets)) {
        const found = texts.filter((text) =>
          what === 'code' ? new RegExp(`(?<![\\w.-])${secret}(?![\\w.-])`).test(text) : text.includes(secret),
        );
        expect([where, what, found]).toEqual([where, what, []]);
      }
  });
});

/** Every key of a Redis with its value, as text. */
async function dump(url: string): Promise<string[]> {
  const client = new Redis(url);
  try {
    const keys = await client.keys('*');
    return await Promise.all(
      keys.map(async (key) => {
        const type = await client.type(key);
        const value: unknown =
          type === 'hash'
            ? await client.hgetall(key)
            : type === 'zset'
              ? await client.zrange(key, 0, -1)
              : type === 'list'
                ? await client.lrange(key, 0, -1)
                : type === 'set'
                  ? await client.smembers(key)
                  : type === 'stream'
                    ? await client.xrange(key, '-', '+')
                    : await client.get(key);
        return `${key} ${JSON.stringify(value)}`;
      }),
    );
  } finally {
    client.disconnect();
  }
}
