import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { isDeepStrictEqual, parseEnv } from 'node:util';
import { isSupportedCountry } from 'libphonenumber-js';
import { z } from 'zod';
import { formatDuration, parseDuration } from './duration.js';
import { DEFAULT_MODELS, modelsSchema } from './models.js';
import { weaknessOf } from './secret-strength.js';

const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `a whole number from ${min} to ${max}`);
const usd = z
  .string()
  .regex(/^\d{1,9}(?:\.\d{1,6})?$/, 'US dollars such as 25 or 0.5')
  .transform(Number);
const duration = z.string().transform((value, context) => {
  const ms = parseDuration(value);
  if (ms === null || ms === 0) context.addIssue('a duration such as 500ms, 30s, 15m, 12h or 30d');
  return ms ?? 0;
});
const url = (...protocols: string[]) =>
  z
    .string()
    .refine(
      (value) => URL.canParse(value) && protocols.includes(new URL(value).protocol),
      `a URL that starts with ${protocols.join('// or ')}//`,
    );
/** Comma-separated; spaces and empty entries do not count. */
const list = (isItem: (item: string) => boolean, shape: string) =>
  z
    .string()
    .transform((value) =>
      value
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
    )
    .refine((items) => items.every((item) => isItem(item)), shape);
const isOrigin = (value: string): boolean => URL.canParse(value) && new URL(value).origin === value;
/** A number of hops, or addresses, networks (CIDR) and proxy-addr's names of ranges. */
const proxies = z.string().transform((value, context): number | string[] => {
  if (/^\d{1,2}$/.test(value.trim())) return Number(value);
  const list = value.split(',').map((item) => item.trim());
  const isRange = (item: string) => ['loopback', 'linklocal', 'uniquelocal'].includes(item) || isNetwork(item);
  if (!list.every(isRange)) context.addIssue('a number of proxies, or a list of addresses or networks (CIDR) separated by commas');
  return list;
});
const isNetwork = (text: string): boolean => {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  return family !== 0 && rest.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)));
};
const json = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((value, context): unknown => {
      try {
        return JSON.parse(value);
      } catch {
        context.addIssue('a JSON document');
        return z.NEVER;
      }
    })
    .pipe(schema);

/**
 * Every setting of every process. A description is its line in .env.example; `secret` marks what is never printed. Durations arrive in
 * milliseconds, lists as arrays. A setting without a default is optional here; which ones an entry point demands is decided below.
 */
const schema = z.object({
  ENV_FILE: z
    .string()
    .min(1)
    .default('.env')
    .describe('File of settings that are not in the environment, which alone can say so. One that is not there counts as empty.'),
  NODE_ENV: z.enum(['development', 'production', 'test']).default('development').describe('production in production.'),
  PORT: whole(0, 65_535).default(3000).describe('Port of the API; 0 takes a free one.'),
  HOST: z.string().min(1).default('127.0.0.1').describe('Address to listen on; 0.0.0.0 in a container.'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('Least severe level that is logged.'),
  DRAIN_SECONDS: whole(0, 3_600).default(30).describe('How long a stopping process may finish what it has begun.'),
  DRAIN_DELAY_SECONDS: whole(0, 600)
    .default(1)
    .describe('How long a stopping API still takes new connections while it says that it is not ready, so that balancers turn away first.'),
  METRICS_PORT: whole(0, 65_535)
    .optional()
    .describe(
      'Port of metrics and health of each process. Unset: metrics are at the port of the API, and nowhere where NODE_ENV is production.',
    ),
  START_TIMEOUT: duration.default(60_000).describe('How long a starting process waits for PostgreSQL and Redis before it gives up.'),
  DOCS_ENABLED: flag
    .optional()
    .describe('Serve Swagger UI at /docs and the document at /openapi.json. Default: true except in production.'),
  LOCAL_DATA_DIR: z.string().min(1).default('.local').describe('Where the local mode keeps its database and secrets.'),

  DATABASE_URL: url('postgres:', 'postgresql:')
    .optional()
    .describe('PostgreSQL 14 or later. The local mode brings its own when this is unset.'),
  DATABASE_POOL_SIZE: whole(2, 500).default(20).describe('Connections of one process to PostgreSQL.'),
  REDIS_URL: url('redis:', 'rediss:').optional().describe('Redis 6.2 or Valkey. Ignored by the local mode.'),

  THROTTLE_ENABLED: flag
    .default(true)
    .describe(
      'Limit how fast requests may come, sign-ups, codes and wrong passwords by network. The daily limit and the tries of codes stay.',
    ),
  THROTTLE_USER_LIMIT: whole(1, 1_000_000).default(1_000).describe('Requests of one signed-in user in 10 s.'),
  THROTTLE_ADDRESS_LIMIT: whole(1, 1_000_000).default(300).describe('Requests without a valid token of one address in 10 s.'),
  THROTTLE_SIGN_IN_LIMIT: whole(1, 1_000_000).default(100).describe('Sign-ups, sign-ins and code requests of one address in 10 s.'),
  NETWORK_SIGN_UPS_PER_HOUR: whole(1, 1_000_000)
    .default(60)
    .describe('Sign-ups in an hour of one network: an IPv4 address or an IPv6 /64. A /24 or /48 together has twice as many.'),
  NETWORK_SIGN_UPS_PER_DAY: whole(1, 1_000_000).default(200).describe('Sign-ups in 24 hours of one network, as above.'),
  NETWORK_CODES_PER_HOUR: whole(1, 1_000_000)
    .default(120)
    .describe(
      'One-time codes in an hour that one network, as above, asks for; those of sign-ups count. Codes after a right password do not.',
    ),
  NETWORK_CODES_PER_DAY: whole(1, 1_000_000).default(300).describe('One-time codes in 24 hours that one network asks for, as above.'),
  NETWORK_WRONG_PASSWORDS: whole(10, 1_000_000)
    .default(300)
    .describe('Wrong passwords in 15 minutes of one network, over all accounts, before only owners who were there before may try.'),
  NETWORK_WRONG_CODES: whole(10, 1_000_000)
    .default(100)
    .describe('Wrong one-time codes in an hour of one network, over all accounts, before only owners who were there before may try.'),
  TRUSTED_PROXIES: proxies
    .optional()
    .describe('Whose X-Forwarded-For is believed: how many proxies stand before the API, or their addresses or networks. Unset: nobody.'),

  JWT_SECRET: z
    .string()
    .min(32, 'at least 32 characters')
    .optional()
    .describe(
      'Key of the access tokens (HS256). `openssl rand -base64 48` makes one. In production a placeholder or a repeated text is refused.',
    ),
  JWT_SECRET_PREVIOUS: z
    .string()
    .min(32, 'at least 32 characters')
    .optional()
    .describe(
      'Another key that is accepted: the one before JWT_SECRET, for as long as ACCESS_TOKEN_TTL after the change; with several processes first the one to come, so that all know it before any signs with it.',
    ),
  ACCESS_TOKEN_TTL: duration.default(900_000).describe('Life of an access token.'),
  REFRESH_TOKEN_TTL: duration.default(30 * 86_400_000).describe('Life of a session that is not used.'),
  SESSION_MAX_AGE: duration.default(90 * 86_400_000).describe('Life of a session, however often it is refreshed.'),
  ADMIN_SESSION_MAX_AGE: duration
    .default(12 * 3_600_000)
    .describe('Life of a session of an administrator, however often it is refreshed; never longer than SESSION_MAX_AGE.'),

  DEFAULT_PHONE_REGION: z
    .string()
    .refine(isSupportedCountry, 'a country as two capital letters (ISO 3166-1), such as IN')
    .optional()
    .describe('Country of mobile numbers that are given without a country code; unset refuses those.'),
  OTP_DELIVERY: z
    .enum(['response', 'log', 'twilio', 'smtp'])
    .optional()
    .describe(
      'How one-time codes reach people. response: in the answer itself, on a loopback HOST only; log: a line of the log; twilio: SMS; smtp: e-mail to the address of the account, which then proves that address rather than the number.',
    ),
  OTP_LOG_CODES: flag
    .optional()
    .describe(
      'Print the codes where OTP_DELIVERY is log: whoever reads the log can sign in as anybody. Default: false in production, else true.',
    ),
  REQUIRE_VERIFIED_NUMBER: flag
    .optional()
    .describe('Refuse chatrooms, messages and checkouts of users without a verified mobile number. Default: true in production.'),
  ADMIN_REQUIRE_OTP: flag.optional().describe('Ask administrators for a code after the password. Default: true in production.'),
  ADMIN_READS_CONTENT: flag
    .default(false)
    .describe('Let administrators read what users and models wrote. Each reading is noted in the audit log.'),
  TWILIO_ACCOUNT_SID: z
    .string()
    .regex(/^AC[0-9a-f]{32}$/, 'AC and 32 hexadecimal digits')
    .optional()
    .describe('Account at Twilio.'),
  TWILIO_AUTH_TOKEN: z.string().min(1).optional().describe('Secret of the account at Twilio.'),
  TWILIO_FROM: z
    .string()
    .regex(/^(?:\+[1-9]\d{6,14}|MG[0-9a-f]{32}|[A-Za-z0-9 ]{1,11})$/, 'a number in E.164, a messaging service (MG…) or a sender name')
    .optional()
    .describe('Sender of the SMS: a number, a messaging service or a sender name.'),
  TWILIO_BASE_URL: url('http:', 'https:').default('https://api.twilio.com').describe('Address of the API of Twilio.'),
  SMS_ALLOWED_COUNTRIES: list(isSupportedCountry, 'countries as two capital letters, separated by commas')
    .default([])
    .describe('Countries whose mobile numbers are served, such as IN,US; empty serves all.'),
  SMS_DAILY_BUDGET: whole(0, 10_000_000).default(1_000).describe('SMS sent in 24 hours at most, whoever asks for them.'),
  SMS_RESERVE_PERCENT: whole(0, 100)
    .default(20)
    .describe(
      'Part of SMS_DAILY_BUDGET kept for accounts with a verified number; half of it is kept for administrators who have given their password.',
    ),
  SMTP_URL: url('smtp:', 'smtps:').optional().describe('Mail server, such as smtps://user:password@mail.example.com.'),
  SMTP_FROM: z.string().min(3).max(320).optional().describe('Sender of the e-mails.'),

  CORS_ORIGINS: list(isOrigin, 'origins such as https://app.example.com, separated by commas')
    .default([])
    .describe('Origins whose pages may call the API and hold its refresh cookie; empty allows none.'),

  GEMINI_API_KEY: z.string().min(1).optional().describe('Key of the Gemini API. The local mode simulates Gemini when this is unset.'),
  GEMINI_BASE_URL: url('http:', 'https:').optional().describe('Another address of the Gemini API, such as a simulator.'),
  GEMINI_MODELS: json(modelsSchema)
    .default([...DEFAULT_MODELS])
    .describe(
      'JSON list of the models on sale: id, name, plan (basic or pro), context_tokens, input_usd and output_usd per million tokens.',
    ),
  GEMINI_DIGEST_MODEL: z
    .string()
    .optional()
    .describe('Model that writes titles and summaries of conversations, one of GEMINI_MODELS. Default: the cheapest of them.'),
  GEMINI_DAILY_BUDGET_USD: usd
    .optional()
    .describe(
      'What models may cost in a UTC day, as estimated from the prices above. Past it new messages are refused, and accepted ones that were not begun fail and are given back. Unset: no limit.',
    ),
  GEMINI_FIRST_TOKEN_TIMEOUT: duration.default(30_000).describe('How long the model may think before its first token.'),
  GEMINI_IDLE_TIMEOUT: duration.default(20_000).describe('How long the model may be silent in mid-stream.'),
  GEMINI_TOTAL_TIMEOUT: duration.default(300_000).describe('How long one answer may take.'),
  GEMINI_MAX_WAIT: duration
    .default(120_000)
    .describe(
      'Longest wait that Gemini may ask for (RetryInfo or Retry-After): up to it no worker calls the model, and the readers of replies are told. Past it the reply fails as model_quota_exhausted and is given back.',
    ),
  GEMINI_SIMULATOR_PORT: whole(0, 65_535).default(0).describe('Local mode: port of the Gemini simulator; 0 takes a free one.'),
  GEMINI_SIMULATOR_LATENCY_MS: whole(0, 600_000).default(300).describe('Local mode: time to the first token.'),
  GEMINI_SIMULATOR_CHUNK_MS: whole(0, 60_000).default(30).describe('Local mode: time between two chunks.'),
  GEMINI_SIMULATOR_TOKENS: whole(0, 100_000).default(0).describe('Local mode: length of an answer; 0 lets the simulator choose.'),

  STRIPE_SECRET_KEY: z.string().min(1).optional().describe('Key of the Stripe API. The local mode simulates Stripe when this is unset.'),
  STRIPE_BASE_URL: url('http:', 'https:').optional().describe('Another address of the Stripe API, such as a simulator.'),
  STRIPE_WEBHOOK_SECRET: z.string().min(1).optional().describe('Secret that Stripe signs its events with (whsec_…).'),
  STRIPE_WEBHOOK_SECRET_PREVIOUS: z
    .string()
    .min(1)
    .optional()
    .describe('The secret before STRIPE_WEBHOOK_SECRET, still accepted. Set it while a new one is rolled out.'),
  STRIPE_PRICE_PRO_ID: z.string().min(1).optional().describe('Price of the Pro plan at Stripe (price_…), a recurring one.'),
  STRIPE_PUBLISHABLE_KEY: z.string().min(1).optional().describe('Accepted and not used: the payment page is hosted by Stripe.'),
  STRIPE_TIMEOUT: duration.default(8_000).describe('How long one call to Stripe may take.'),
  STRIPE_SIMULATOR_PORT: whole(0, 65_535).default(0).describe('Local mode: port of the Stripe simulator; 0 takes a free one.'),

  PUBLIC_URL: url('http:', 'https:').optional().describe('Where browsers reach the API. Unset: where it listens, except in production.'),
  FRONTEND_URL: url('http:', 'https:')
    .optional()
    .describe('Where payers return to from the pages of Stripe. Unset: a plain page of the API, at /subscription/return.'),
  RETURN_ORIGINS: list(isOrigin, 'origins such as https://app.example.com, separated by commas')
    .default([])
    .describe('Origins that a client may have payers return to. Unset: the one of FRONTEND_URL.'),
  PAST_DUE_GRACE: duration.default(3 * 86_400_000).describe('How long the Pro plan outlasts the day on which its payment was due.'),
  RECONCILE_INTERVAL: duration.default(300_000).describe('How often Stripe is asked for events that did not arrive.'),

  BASIC_DAILY_LIMIT: whole(0, 1_000_000).default(5).describe('Messages a UTC day on the Basic plan.'),
  BASIC_CONTEXT_TOKENS: whole(256, 10_000_000).default(32_768).describe('History given to the model on the Basic plan.'),
  PRO_CONTEXT_TOKENS: whole(256, 10_000_000).default(131_072).describe('History given to the model on the Pro plan.'),
  BASIC_MAX_OUTPUT_TOKENS: whole(1, 1_000_000).default(2_048).describe('Longest answer on the Basic plan.'),
  PRO_MAX_OUTPUT_TOKENS: whole(1, 1_000_000).default(8_192).describe('Longest answer on the Pro plan.'),
  BASIC_STORAGE_BYTES: whole(0, Number.MAX_SAFE_INTEGER)
    .default(50 * 1024 * 1024)
    .describe('Bytes of stored texts past which a user on the Basic plan imports and copies nothing more.'),
  PRO_STORAGE_BYTES: whole(0, Number.MAX_SAFE_INTEGER)
    .default(2 * 1024 * 1024 * 1024)
    .describe('The same on the Pro plan.'),
  MAX_CHATROOMS: whole(1, 1_000_000).default(10_000).describe('Chatrooms that a user may have.'),
  MAX_STREAMS: whole(1, 10_000).default(20).describe('Reply streams that a user may have open at one API process.'),
  MAX_PENDING_REPLIES: whole(1, 100_000).default(200).describe('Unfinished replies a user may have.'),

  WORKER_CONCURRENCY: whole(1, 10_000).default(100).describe('Replies that one worker generates at a time.'),
  REPLY_MAX_ATTEMPTS: whole(1, 100).default(5).describe('Tries before a reply fails for good.'),
  REPLY_LEASE: duration.default(10_000).describe('After this long without a sign of life of its worker a reply is taken over.'),
  REPLY_RETRY_DELAY: duration.default(1_000).describe('Wait before the second try; doubled with each further one.'),
  STREAM_TTL: duration.default(900_000).describe('How long the stream of an unfinished reply is kept after its last piece of text.'),
  SWEEP_INTERVAL: duration
    .default(2_000)
    .describe('How often a worker looks for replies that nobody works on, and for messages whose words are outdated.'),

  RETENTION_INTERVAL: duration.default(600_000).describe('How often what is kept long enough is deleted.'),
  RETAIN_CODES: duration.default(86_400_000).describe('How long one-time codes are kept after they have expired.'),
  RETAIN_UNVERIFIED_ACCOUNTS: duration
    .default(7 * 86_400_000)
    .describe('How long an account that holds nothing may stay without a verified number, where one is required.'),
  RETAIN_SESSIONS: duration.default(30 * 86_400_000).describe('How long sessions are kept after they have ended.'),
  RETAIN_STRIPE_EVENTS: duration.default(90 * 86_400_000).describe('How long events of Stripe are kept, and can be replayed.'),
  RETAIN_AUDIT: duration
    .refine((ms) => ms >= 90 * 86_400_000, 'at least 90d: the database deletes no younger entry')
    .default(400 * 86_400_000)
    .describe('How long entries of the audit log are kept.'),
  RETAIN_IDEMPOTENCY_KEYS: duration.default(86_400_000).describe('How long the results of requests with an Idempotency-Key are kept.'),
});

type Settings = z.infer<typeof schema>;

/** Flags whose default depends on whether NODE_ENV is production. */
type DependentFlag = 'REQUIRE_VERIFIED_NUMBER' | 'ADMIN_REQUIRE_OTP' | 'OTP_LOG_CODES' | 'DOCS_ENABLED';

export type Config = Readonly<Omit<Settings, DependentFlag> & Record<DependentFlag, boolean>>;
export type ModeDefaults = Partial<Record<keyof Config, string>>;

/** Which settings an entry point cannot do without. */
export type Demand = keyof Config;

/** One message that names every wrong setting and says what it should be. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads and checks all settings.
 *
 * @param options.demand settings that must be present for this entry point
 * @param options.defaults values for unset settings, as text
 * @param options.ignore settings that count as unset
 * @param options.source the environment; variables that are set but empty count as unset
 * @throws ConfigError
 */
export function loadConfig(
  options: { demand?: readonly Demand[]; defaults?: ModeDefaults; ignore?: readonly (keyof Config)[]; source?: NodeJS.ProcessEnv } = {},
): Config {
  const source = options.source ?? readEnvironment();
  const given = Object.fromEntries(
    Object.keys(schema.shape).flatMap((name) => {
      if (options.ignore?.includes(name as keyof Config)) return [];
      const value = source[name] || options.defaults?.[name as keyof Config];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
  const result = schema.safeParse(given);
  const complaints = result.error?.issues.map((issue) => ({ name: issue.path.map(String).join('.'), reason: issue.message })) ?? [];
  // Also where some are wrong in themselves: one look at the message should be enough to mend all.
  const isWrong = (name: string) => result.error?.issues.some(({ path }) => path[0] === name) ?? false;
  const data = schema.parse(Object.fromEntries(Object.entries(given).filter(([name]) => !isWrong(name))));
  complaints.push(...contradictions(data).filter(({ name }) => !isWrong(name)));
  for (const name of options.demand ?? []) {
    if (given[name] === undefined) complaints.push({ name, reason: `required: ${schema.shape[name].description ?? ''}` });
  }
  if (complaints.length > 0) {
    const lines = complaints.map(({ name, reason }) => `  ${name}: ${reason}`);
    throw new ConfigError(`The settings are not right:\n${lines.join('\n')}\nSee .env.example for every setting.`);
  }
  const isProduction = data.NODE_ENV === 'production';
  return Object.freeze({
    ...data,
    REQUIRE_VERIFIED_NUMBER: data.REQUIRE_VERIFIED_NUMBER ?? isProduction,
    ADMIN_REQUIRE_OTP: data.ADMIN_REQUIRE_OTP ?? isProduction,
    OTP_LOG_CODES: data.OTP_LOG_CODES ?? !isProduction,
    DOCS_ENABLED: data.DOCS_ENABLED ?? !isProduction,
  });
}

/** What a way of delivery cannot do without. */
const DELIVERY_NEEDS = { twilio: ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_FROM'], smtp: ['SMTP_URL', 'SMTP_FROM'] } as const;

/** What is wrong with settings that are each right. */
function contradictions(settings: Settings): { name: string; reason: string }[] {
  const { GEMINI_DIGEST_MODEL, GEMINI_MODELS } = settings;
  const isOnSale = GEMINI_DIGEST_MODEL === undefined || GEMINI_MODELS.some(({ id }) => id === GEMINI_DIGEST_MODEL);
  return [
    ...(isOnSale ? [] : [{ name: 'GEMINI_DIGEST_MODEL', reason: 'must be one of GEMINI_MODELS' }]),
    ...contradictionsOfDelivery(settings),
    ...weakSecrets(settings),
    ...contradictionsOfBilling(settings),
  ];
}

const SIGNING_SECRETS = ['JWT_SECRET', 'JWT_SECRET_PREVIOUS'] as const;
/** A simulator of Stripe, which STRIPE_BASE_URL names, is told its secret; nobody is harmed by a weak one. */
const WEBHOOK_SECRETS = ['STRIPE_WEBHOOK_SECRET', 'STRIPE_WEBHOOK_SECRET_PREVIOUS'] as const;

/** In production whoever guesses one of these secrets is believed whatever they say. */
function weakSecrets(settings: Settings): { name: string; reason: string }[] {
  if (settings.NODE_ENV !== 'production') return [];
  return [...SIGNING_SECRETS, ...(settings.STRIPE_BASE_URL === undefined ? WEBHOOK_SECRETS : [])].flatMap((name) => {
    const secret = settings[name];
    const weakness = secret === undefined ? null : weaknessOf(secret);
    if (weakness === null) return [];
    const remedy = name.startsWith('JWT') ? '`openssl rand -base64 48` makes one' : 'Stripe shows it beside the endpoint';
    return [{ name, reason: `${weakness}, which production does not run with: ${remedy}` }];
  });
}

/** Billing is set up whole or not at all. */
function contradictionsOfBilling(settings: Settings): { name: string; reason: string }[] {
  if (settings.STRIPE_SECRET_KEY === undefined) return [];
  return (['STRIPE_WEBHOOK_SECRET', 'STRIPE_PRICE_PRO_ID'] as const)
    .filter((name) => settings[name] === undefined)
    .map((name) => ({ name, reason: `required by STRIPE_SECRET_KEY: ${schema.shape[name].description ?? ''}` }));
}

function contradictionsOfDelivery(settings: Settings): { name: string; reason: string }[] {
  const { OTP_DELIVERY } = settings;
  if (OTP_DELIVERY === 'response' && !codesMayBeAnswered(settings)) {
    const reason =
      'response hands every code to whoever asks: only while HOST is a loopback address, TRUSTED_PROXIES is unset and NODE_ENV is not production';
    return [{ name: 'OTP_DELIVERY', reason }];
  }
  if (OTP_DELIVERY !== 'twilio' && OTP_DELIVERY !== 'smtp') return [];
  return DELIVERY_NEEDS[OTP_DELIVERY].filter((name) => settings[name] === undefined).map((name) => ({
    name,
    reason: `required by OTP_DELIVERY=${OTP_DELIVERY}: ${schema.shape[name].description ?? ''}`,
  }));
}

/** Whether OTP_DELIVERY may be `response`. */
export const codesMayBeAnswered = ({ HOST, NODE_ENV, TRUSTED_PROXIES }: Pick<Settings, 'HOST' | 'NODE_ENV' | 'TRUSTED_PROXIES'>): boolean =>
  NODE_ENV !== 'production' && isLoopback(HOST) && TRUSTED_PROXIES === undefined;

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);

/** The process's environment over the file that ENV_FILE names, by default .env of the working directory. */
function readEnvironment(): NodeJS.ProcessEnv {
  const path = process.env['ENV_FILE'] || '.env';
  return existsSync(path) ? { ...parseEnv(readFileSync(path, 'utf8')), ...process.env } : process.env;
}

/** The environment of a child process: this process's own, with some settings replaced. */
export const childEnvironment = (settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv => ({ ...process.env, ...settings });

/** Whether npm started this process, as it says to what it starts. */
export const isStartedByNpm = (): boolean => process.env['npm_lifecycle_event'] !== undefined;

/** Name, description and default (as one writes it; null without one) of every setting, in their order: what .env.example is made of. */
export function describeSettings(): { name: string; description: string; default: string | null }[] {
  const defaults: Record<string, unknown> = schema.parse({});
  return Object.entries(schema.shape).map(([name, setting]) => {
    const value = defaults[name];
    const texts = [typeof value === 'number' ? formatDuration(value) : '', String(value), JSON.stringify(value)];
    const text = texts.find((candidate) => isDeepStrictEqual(setting.safeParse(candidate).data, value));
    if (value !== undefined && text === undefined) throw new Error(`${name}: no text gives its default`);
    return { name, description: setting.description ?? '', default: value === undefined ? null : (text ?? null) };
  });
}
