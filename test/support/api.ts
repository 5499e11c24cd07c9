import { randomInt } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import pLimit from 'p-limit';
import { ApiModule } from '../../src/apps/api/api.module.js';
import { configureApi } from '../../src/apps/api/configure-api.js';
import { createHttpAdapter } from '../../src/apps/api/http-server.js';
import { stopApi } from '../../src/apps/api/stop-api.js';
import { openLog } from '../../src/common/logging/open-log.js';
import type { CapturedLog } from './captured-log.js';
import { assertContract } from './contract.js';
import { type Config, loadConfig } from '../../src/config/env.js';

/** The log of a test: captured, or on standard output. */
export const openTestLog = ({ LOG_LEVEL: level }: Config, log?: CapturedLog) => openLog({ level, destination: log ?? process.stdout });

/** Settings as an environment has them: names and text. */
export type Settings = Partial<Record<keyof Config, string>>;

/** What tests run with unless they say otherwise. */
const DEFAULTS: Settings = {
  NODE_ENV: 'test',
  PORT: '0',
  HOST: '127.0.0.1',
  LOG_LEVEL: 'error',
  DATABASE_POOL_SIZE: '10',
  DRAIN_DELAY_SECONDS: '0',
  JWT_SECRET: 'only-for-tests-0123456789abcdef-only-for-tests',
  OTP_DELIVERY: 'response',
  // Tests make more accounts from one address than anybody should.
  THROTTLE_SIGN_IN_LIMIT: '100000',
  THROTTLE_ADDRESS_LIMIT: '100000',
  THROTTLE_PAYMENT_LIMIT: '100000',
  STRIPE_MAX_CALLS_PER_SECOND: '1000',
  NETWORK_SIGN_UPS_PER_HOUR: '100000',
  NETWORK_SIGN_UPS_PER_DAY: '100000',
  NETWORK_CODES_PER_HOUR: '100000',
  NETWORK_CODES_PER_DAY: '100000',
  // Vendors are nowhere unless a test starts one.
  GEMINI_API_KEY: 'test-key',
  GEMINI_BASE_URL: 'http://127.0.0.1:9',
};

export const testConfig = (settings: Settings): Config => loadConfig({ source: { ...DEFAULTS, ...settings } });

export interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  /** Decoded JSON; undefined for an empty body, the text itself for another content type. */
  readonly body: Body;
}

export interface RequestOptions {
  /** An object is sent as JSON, a string as it is. */
  readonly body?: unknown;
  /** Access token. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE' | 'OPTIONS';

/**
 * Speaks to the API as a client does, and holds every answer to openapi.json. What a body decodes to is the test's
 * claim.
 */
export class ApiClient {
  constructor(
    readonly origin: string,
    private readonly release = { isOfThisRelease: true },
  ) {}

  get<Body = unknown>(path: string, options?: RequestOptions): Promise<Answer<Body>> {
    return this.send<Body>('GET', path, options);
  }

  post<Body = unknown>(path: string, options?: RequestOptions): Promise<Answer<Body>> {
    return this.send<Body>('POST', path, options);
  }

  patch<Body = unknown>(path: string, options?: RequestOptions): Promise<Answer<Body>> {
    return this.send<Body>('PATCH', path, options);
  }

  delete<Body = unknown>(path: string, options?: RequestOptions): Promise<Answer<Body>> {
    return this.send<Body>('DELETE', path, options);
  }

  async send<Body = unknown>(method: Method, path: string, options: RequestOptions = {}): Promise<Answer<Body>> {
    const response = await this.open(method, path, options);
    const text = await response.text();
    const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
    const { status } = response;
    const decoded: unknown = isJson ? JSON.parse(text) : text || undefined;
    if (this.release.isOfThisRelease)
      assertContract({ method, path, status, contentType: response.headers.get('content-type'), body: decoded });
    return { status, headers: response.headers, body: decoded as Body };
  }

  /** The response as it comes, for bodies that are read while they grow. */
  open(method: Method, path: string, { body, token, headers, signal }: RequestOptions = {}): Promise<Response> {
    return fetch(new URL(path, this.origin), {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  }
}

/** An account and what signs in to it. */
export interface TestUser {
  readonly id: string;
  readonly username: string;
  readonly password: string;
  readonly mobileNumber: string;
  readonly challengeId: string;
  /** The code that signup sent. */
  readonly otp: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

interface SignUpBody {
  readonly id: string;
  readonly challenge_id: string;
  readonly otp: string;
}

interface TokensBody {
  readonly access_token: string;
  readonly refresh_token: string;
}

export interface TestApi extends ApiClient {
  readonly app: NestFastifyApplication;
  readonly config: Config;
  /** Makes an account with a username and number of its own and logs in. */
  signUp(given?: { username?: string; password?: string; mobileNumber?: string; email?: string }): Promise<TestUser>;
  close(): Promise<void>;
}

/**
 * The API on a free port, over real HTTP.
 *
 * @param log gets the log; by default it is written to standard output
 * @param settings must name a migrated DATABASE_URL; two APIs on one database are two processes as far as they can tell
 */
export async function startTestApi(settings: Settings, log?: CapturedLog): Promise<TestApi> {
  const config = testConfig(settings);
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule.forRoot(config), createHttpAdapter(config), {
    logger: await openTestLog(config, log),
    bodyParser: false,
    abortOnError: false,
  });
  configureApi(app);
  await app.listen(config.PORT, config.HOST);
  const client = new ApiClient(await app.getUrl());
  // Sign-ups follow each other, because one that waits too long for the hash of its password is refused.
  const turns = pLimit(1);
  return Object.assign(client, {
    app,
    config,
    signUp: (given = {}) => turns(() => signUp(client, given)),
    close: () => stopApi(app),
  } satisfies Omit<TestApi, keyof ApiClient>);
}

let made = 0;

/** A username that no other test of this run has. */
export const newUsername = (): string => `user_${process.pid}_${(made += 1)}_${randomInt(1_000_000)}`.slice(0, 30);

/**
 * A mobile number (of India, where all ten-digit numbers from 6 on are mobile) that no other test of this run is likely
 * to have.
 */
export const newMobileNumber = (): string => `+919${String(randomInt(1_000_000_000)).padStart(9, '0')}`;

async function signUp(api: ApiClient, given: { username?: string; password?: string; mobileNumber?: string; email?: string }) {
  const { username = newUsername(), password = 'correct horse battery', mobileNumber = newMobileNumber(), email } = given;
  const signedUp = await api.post<SignUpBody>('/auth/signup', {
    body: { username, password, mobile_number: mobileNumber, ...(email === undefined ? {} : { email }) },
  });
  if (signedUp.status !== 201) throw new Error(`signup answered ${signedUp.status}: ${JSON.stringify(signedUp.body)}`);
  const loggedIn = await api.post<TokensBody>('/auth/login', { body: { identifier: username, password } });
  if (loggedIn.status !== 200) throw new Error(`login answered ${loggedIn.status}: ${JSON.stringify(loggedIn.body)}`);
  return {
    id: signedUp.body.id,
    username,
    password,
    mobileNumber,
    challengeId: signedUp.body.challenge_id,
    otp: signedUp.body.otp,
    accessToken: loggedIn.body.access_token,
    refreshToken: loggedIn.body.refresh_token,
  };
}
