import { randomBytes } from 'node:crypto';
import { OtpDelivery, OtpDeliveryModule } from '../../../src/integrations/otp-delivery/index.js';
import type { LoggerService } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ConfigModule } from '../../../src/config/config.module.js';
import { type Settings, testConfig } from '../../support/api.js';
import { startMailServer, startTwilio } from './vendor-servers.js';

const MESSAGE = {
  mobileNumber: '+919876543210',
  email: 'ada@example.com',
  subject: '123456 is your code',
  text: '123456 is your code to sign in.',
};
const ACCOUNT = `AC${'a1'.repeat(16)}`;

async function deliveryOf(settings: Settings): Promise<OtpDelivery> {
  const module = await Test.createTestingModule({ imports: [ConfigModule.forRoot(testConfig(settings)), OtpDeliveryModule] }).compile();
  return module.get(OtpDelivery);
}

const failureOf = (sending: Promise<void>): Promise<unknown> =>
  sending.then(
    () => null,
    (error: unknown) => ({ message: (error as Error).message, isRetryable: (error as { isRetryable?: unknown }).isRetryable }),
  );

describe('SMS by Twilio', () => {
  let twilio: Awaited<ReturnType<typeof startTwilio>>;
  let delivery: OtpDelivery;

  const settings = (from: string): Settings => ({
    OTP_DELIVERY: 'twilio',
    TWILIO_ACCOUNT_SID: ACCOUNT,
    TWILIO_AUTH_TOKEN: 'a token',
    TWILIO_FROM: from,
    TWILIO_BASE_URL: twilio.url,
  });

  beforeAll(async () => {
    twilio = await startTwilio();
    delivery = await deliveryOf(settings('+14155550100'));
  });

  afterAll(() => twilio.stop());

  it('posts the message to the account’s Messages, as its owner', async () => {
    await delivery.send(MESSAGE);
    expect(twilio.requests.splice(0)).toEqual([
      {
        path: `POST /2010-04-01/Accounts/${ACCOUNT}/Messages.json`,
        authorization: `${ACCOUNT}:a token`,
        form: { To: '+919876543210', From: '+14155550100', Body: '123456 is your code to sign in.' },
      },
    ]);
  });

  it('names a messaging service as such', async () => {
    const service = `MG${'0'.repeat(32)}`;
    await (await deliveryOf(settings(service))).send(MESSAGE);
    expect(twilio.requests.splice(0)[0]?.form).toEqual({ To: '+919876543210', MessagingServiceSid: service, Body: MESSAGE.text });
  });

  it.each([
    [
      400,
      JSON.stringify({ code: 21211, message: `The 'To' number +919876543210 is not a valid phone number.`, status: 400 }),
      'Twilio answered 400 (error 21211)',
      false,
    ],
    [401, JSON.stringify({ code: 20003, message: 'Authenticate' }), 'Twilio answered 401 (error 20003)', false],
    [429, JSON.stringify({ code: 20429, message: 'Too Many Requests' }), 'Twilio answered 429 (error 20429)', true],
    [500, '<html>', 'Twilio answered 500', true],
    [503, '', 'Twilio answered 503', true],
  ])('tells a %i apart by whether another try may help, without the number', async (status, body, message, isRetryable) => {
    twilio.refuse(status, body);
    expect(await failureOf(delivery.send(MESSAGE))).toEqual({ message, isRetryable });
  });

  it('may be tried again when Twilio cannot be reached', async () => {
    const nowhere = await deliveryOf({ ...settings('+14155550100'), TWILIO_BASE_URL: 'http://127.0.0.1:9' });
    expect(await failureOf(nowhere.send(MESSAGE))).toEqual({ message: 'Twilio could not be reached', isRetryable: true });
  });
});

describe('e-mail by SMTP', () => {
  let server: Awaited<ReturnType<typeof startMailServer>>;
  let delivery: OtpDelivery;

  beforeAll(async () => {
    server = await startMailServer();
    delivery = await deliveryOf({ OTP_DELIVERY: 'smtp', SMTP_URL: server.url, SMTP_FROM: 'Chat <codes@example.com>' });
  });

  afterAll(() => server.stop());

  it('hands the message to the server, signed in', async () => {
    await delivery.send(MESSAGE);
    expect(server.logins[0]).toBe('\0user\0secret');
    expect(server.mails).toHaveLength(1);
    expect(server.mails[0]).toMatchObject({ from: 'codes@example.com', to: 'ada@example.com' });
    expect(server.mails[0]?.data).toMatch(/^From: Chat <codes@example\.com>$/m);
    expect(server.mails[0]?.data).toMatch(/^Subject: 123456 is your code$/m);
    expect(server.mails[0]?.data).toMatch(/^123456 is your code to sign in\.$/m);
  });

  it.each([
    ['550 5.1.1 no such user', 'the mail server answered 550', false],
    ['451 4.3.0 try again later', 'the mail server answered 451', true],
  ])('tells %j apart by whether another try may help', async (reply, message, isRetryable) => {
    server.refuse(reply);
    expect(await failureOf(delivery.send(MESSAGE))).toEqual({ message, isRetryable });
  });

  it('is not tried again for an account without an address, and is when the server cannot be reached', async () => {
    expect(await failureOf(delivery.send({ ...MESSAGE, email: null }))).toEqual({
      message: 'the account has no e-mail address',
      isRetryable: false,
    });
    const nowhere = await deliveryOf({ OTP_DELIVERY: 'smtp', SMTP_URL: 'smtp://127.0.0.1:9', SMTP_FROM: 'codes@example.com' });
    expect(await failureOf(nowhere.send(MESSAGE))).toEqual({ message: 'the mail server could not be reached', isRetryable: true });
  });
});

describe('the log', () => {
  const linesFor = async (settings: Settings): Promise<string[]> => {
    const lines: string[] = [];
    const keep = (message: unknown) => lines.push(String(message));
    const logger: LoggerService = { log: keep, warn: keep, error: keep };
    const imports = [ConfigModule.forRoot(testConfig({ OTP_DELIVERY: 'log', ...settings })), OtpDeliveryModule];
    const module = await Test.createTestingModule({ imports }).setLogger(logger).compile();
    await module.get(OtpDelivery).send(MESSAGE);
    return lines.filter((line) => /code/.test(line));
  };

  it('is where developers read the code', async () => {
    expect(await linesFor({})).toEqual([`to ${MESSAGE.mobileNumber}: ${MESSAGE.text}`]);
  });

  it('of production holds neither code nor number, unless a second setting says so', async () => {
    const production = { NODE_ENV: 'production', JWT_SECRET: randomBytes(32).toString('hex') };
    expect(await linesFor(production)).toEqual([
      'a message was not delivered: set OTP_DELIVERY to twilio or smtp, or OTP_LOG_CODES=true to have codes printed here',
    ]);
    expect(await linesFor({ ...production, OTP_LOG_CODES: 'true' })).toEqual([`to ${MESSAGE.mobileNumber}: ${MESSAGE.text}`]);
  });
});
