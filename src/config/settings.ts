import { isSupportedCountry } from 'libphonenumber-js';
import { z } from 'zod';
import { LOOPBACK } from '../common/http/allowed-origins.js';
import { DEFAULT_MODELS, modelsSchema, REASONING_LEVELS, type ReasoningLevel } from './models.js';
import { areDistinctPrices, isPriceEntry, PRICES_SHAPE } from './prices.js';
import { duration, flag, isOrigin, json, list, proxies, url, usd, whole } from './setting-types.js';

/**
 * Every setting of every process, by section. A description is the setting's text in .env.example. Durations are parsed
 * to milliseconds, lists to arrays. A setting that an entry point requires is optional here; the entry point names it
 * when it calls `loadConfig`.
 */
const server = {
  ENV_FILE: z
    .string()
    .min(1)
    .default('.env')
    .describe(
      'File with further settings. The environment takes precedence. A missing file counts as empty. Only the environment can set this.',
    ),
  NODE_ENV: z.enum(['development', 'production', 'test']).default('development').describe('production on a server that other people use.'),
  PORT: whole(0, 65_535).default(3000).describe('Port of the API. 0: any free port.'),
  HOST: z.string().min(1).default('127.0.0.1').describe('Address to listen on; 0.0.0.0 in a container.'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('Least severe level that is logged.'),
  DRAIN_SECONDS: whole(0, 3_600).default(30).describe('Time in which a stopping process may finish its work.'),
  DRAIN_DELAY_SECONDS: whole(0, 600)
    .default(1)
    .describe(
      'Time in which a stopping API accepts new connections and already reports that it is not ready, so that load balancers stop using it.',
    ),
  METRICS_PORT: whole(0, 65_535)
    .optional()
    .describe('Port of metrics and health of each process. Unset: the API serves metrics at its own port, unless NODE_ENV is production.'),
  OTEL_EXPORTER_OTLP_ENDPOINT: url('http:', 'https:')
    .optional()
    .describe(
      'Receiver of traces (OTLP, JSON over HTTP). Unset: nothing is traced. The other variables of OpenTelemetry, such as OTEL_TRACES_SAMPLER, are read from the environment only.',
    ),
  START_TIMEOUT: duration.default(60_000).describe('Time for which a starting process waits for PostgreSQL and Redis.'),
  DOCS_ENABLED: flag
    .optional()
    .describe('Serve Swagger UI at /docs and the document at /openapi.json. Default: true, in production false.'),
  CHAT_UI_ENABLED: flag.default(false).describe('Serve the chat page at /. The local mode sets true.'),
  LOCAL_DATA_DIR: z.string().min(1).default('.local').describe('Folder in which the local mode keeps its database and secrets.'),
};

const data = {
  DATABASE_URL: url('postgres:', 'postgresql:').optional().describe('PostgreSQL 14 or later. Unset: the local mode starts its own.'),
  DATABASE_POOL_SIZE: whole(2, 500).default(20).describe('Connections of one process to PostgreSQL.'),
  REDIS_URL: url('redis:', 'rediss:').optional().describe('Redis 6.2 or Valkey. The local mode ignores it.'),
};

const limits = {
  THROTTLE_ENABLED: flag
    .default(true)
    .describe(
      'Limit the rate of requests, and sign-ups, codes and wrong passwords by network. The daily limit and the attempts at a code are limited in any case.',
    ),
  THROTTLE_USER_LIMIT: whole(1, 1_000_000).default(1_000).describe('Requests of one signed-in user in 10 s.'),
  THROTTLE_ADDRESS_LIMIT: whole(1, 1_000_000).default(300).describe('Requests without a valid token of one address in 10 s.'),
  THROTTLE_SIGN_IN_LIMIT: whole(1, 1_000_000).default(100).describe('Sign-ups, sign-ins and code requests of one address in 10 s.'),
  THROTTLE_PAYMENT_LIMIT: whole(1, 1_000_000).default(30).describe('Requests of one signed-in user in 10 s for which Stripe is asked.'),
  NETWORK_SIGN_UPS_PER_HOUR: whole(1, 1_000_000)
    .default(60)
    .describe('Sign-ups in an hour from one network: an IPv4 address or an IPv6 /64. A whole /24 or /48 has twice as many.'),
  NETWORK_SIGN_UPS_PER_DAY: whole(1, 1_000_000).default(200).describe('Sign-ups in 24 hours from one network.'),
  NETWORK_CODES_PER_HOUR: whole(1, 1_000_000)
    .default(120)
    .describe(
      'One-time codes in an hour requested from one network, including those of sign-ups. Codes sent after a correct password do not count.',
    ),
  NETWORK_CODES_PER_DAY: whole(1, 1_000_000).default(300).describe('One-time codes in 24 hours requested from one network.'),
  NETWORK_WRONG_PASSWORDS: whole(10, 1_000_000)
    .default(300)
    .describe(
      'Wrong passwords in 15 minutes from one network, over all accounts. Past it only owners who have signed in from the network before may sign in.',
    ),
  NETWORK_WRONG_CODES: whole(10, 1_000_000)
    .default(100)
    .describe(
      'Wrong one-time codes in an hour from one network, over all accounts. Past it only owners who have signed in from the network before may use a code.',
    ),
  TRUSTED_PROXIES: proxies
    .optional()
    .describe(
      'Proxies whose X-Forwarded-For is trusted: the number of proxies in front of the API, or their addresses or networks. Unset: none.',
    ),
};

const sessions = {
  JWT_SECRET: z
    .string()
    .min(32, 'at least 32 characters')
    .optional()
    .describe(
      'Key of the access tokens (HS256). `openssl rand -base64 48` creates one. Placeholders and repeated texts are refused in production.',
    ),
  JWT_SECRET_PREVIOUS: z
    .string()
    .min(32, 'at least 32 characters')
    .optional()
    .describe(
      'Another key that is accepted: the previous JWT_SECRET, for ACCESS_TOKEN_TTL after a change. With several processes set it to the next JWT_SECRET first, so that all processes accept the next key before any signs with it.',
    ),
  ACCESS_TOKEN_TTL: duration.default(900_000).describe('Lifetime of an access token.'),
  REFRESH_TOKEN_TTL: duration.default(30 * 86_400_000).describe('Lifetime of a session that is not used.'),
  SESSION_MAX_AGE: duration.default(90 * 86_400_000).describe('Longest lifetime of a session, with any number of refreshes.'),
  ADMIN_SESSION_MAX_AGE: duration
    .default(12 * 3_600_000)
    .describe("Longest lifetime of an administrator's session, never longer than SESSION_MAX_AGE."),
};

const accounts = {
  DEFAULT_PHONE_REGION: z
    .string()
    .refine(isSupportedCountry, 'a country as two capital letters (ISO 3166-1), such as IN')
    .optional()
    .describe('Country of mobile numbers without a country code. Unset: they are refused.'),
  OTP_DELIVERY: z
    .enum(['response', 'log', 'twilio', 'smtp'])
    .optional()
    .describe(
      'Delivery of one-time codes. response: in the response itself, with a loopback HOST only; log: a line in the log; twilio: SMS; smtp: e-mail to the address of the account, so that a code verifies the address rather than the number. With smtp, users are also told when a granted plan has ended.',
    ),
  OTP_LOG_CODES: flag
    .optional()
    .describe(
      'Print the codes when OTP_DELIVERY is log. Readers of the log can then sign in as any user. Default: true, in production false.',
    ),
  REQUIRE_VERIFIED_NUMBER: flag
    .optional()
    .describe('Refuse chatrooms, messages and checkouts of users without a verified mobile number. Default: false, in production true.'),
  ADMIN_REQUIRE_OTP: flag
    .optional()
    .describe("Require a one-time code after an administrator's password. Default: false, in production true."),
  ADMIN_READS_CONTENT: flag
    .default(false)
    .describe('Allow administrators to read the texts of users and models. The audit log records each access.'),
  TWILIO_ACCOUNT_SID: z
    .string()
    .regex(/^AC[0-9a-f]{32}$/, 'AC and 32 hexadecimal digits')
    .optional()
    .describe('Twilio account.'),
  TWILIO_AUTH_TOKEN: z.string().min(1).optional().describe('Secret of the Twilio account.'),
  TWILIO_FROM: z
    .string()
    .regex(/^(?:\+[1-9]\d{6,14}|MG[0-9a-f]{32}|[A-Za-z0-9 ]{1,11})$/, 'a number in E.164, a messaging service (MG…) or a sender name')
    .optional()
    .describe('Sender of the SMS: a number, a messaging service or a sender name.'),
  TWILIO_BASE_URL: url('http:', 'https:').default('https://api.twilio.com').describe('Address of the Twilio API.'),
  SMS_ALLOWED_COUNTRIES: list(isSupportedCountry, 'countries as two capital letters, separated by commas')
    .default([])
    .describe('Countries whose mobile numbers are accepted, such as IN,US. Empty: all.'),
  SMS_DAILY_BUDGET: whole(0, 10_000_000).default(1_000).describe('Most SMS that are sent in 24 hours.'),
  SMS_RESERVE_PERCENT: whole(0, 100)
    .default(20)
    .describe(
      'Part of SMS_DAILY_BUDGET that is reserved for accounts with a verified number. Half of it is reserved for administrators who have entered their password.',
    ),
  SMTP_URL: url('smtp:', 'smtps:').optional().describe('Mail server, such as smtps://user:password@mail.example.com.'),
  SMTP_FROM: z.string().min(3).max(320).optional().describe('Sender of the e-mails.'),
};

const browsers = {
  CORS_ORIGINS: list(
    (item) => isOrigin(item) || item === LOOPBACK,
    `origins such as https://app.example.com, or ${LOOPBACK}, separated by commas`,
  )
    .default([])
    .describe(
      'Origins whose pages may call the API and use its refresh cookie; loopback stands for every origin of this machine, at any port. Empty: none. Unset: none, and loopback in the local mode.',
    ),
};

const gemini = {
  GEMINI_API_KEY: z.string().min(1).optional().describe('Key of the Gemini API. Unset: the local mode simulates Gemini.'),
  GEMINI_BASE_URL: url('http:', 'https:').optional().describe('Another address of the Gemini API, such as that of a simulator.'),
  GEMINI_MODELS: json(modelsSchema)
    .default([...DEFAULT_MODELS])
    .describe(
      'JSON list of the models that users can choose: id, name, plan (basic or pro), context_tokens, input_usd and output_usd per million tokens; optionally attachments (true: it takes pictures, PDFs and text files), web_search (true: it can search the web), search_usd per search, and reasoning, a list of its levels (minimal, low, medium, high).',
    ),
  GEMINI_DIGEST_MODEL: z
    .string()
    .optional()
    .describe('Model that writes titles and summaries of conversations, one of GEMINI_MODELS. Unset: the cheapest of them.'),
  GEMINI_DAILY_BUDGET_USD: usd
    .optional()
    .describe(
      'Most that models may cost in a UTC day, estimated from the prices of GEMINI_MODELS. Past it new messages are refused, and accepted ones that have not been started fail and are refunded. Unset: no limit.',
    ),
  GEMINI_FIRST_TOKEN_TIMEOUT: duration.default(30_000).describe('Longest wait for the first token of an answer.'),
  GEMINI_IDLE_TIMEOUT: duration.default(20_000).describe('Longest silence between two parts of an answer.'),
  GEMINI_TOTAL_TIMEOUT: duration.default(300_000).describe('Longest duration of one answer.'),
  GEMINI_MAX_WAIT: duration
    .default(120_000)
    .describe(
      'Longest wait that Gemini may ask for (RetryInfo or Retry-After). Meanwhile no worker calls the model, and the streams of the replies report the wait. When Gemini asks for more, the reply fails with model_quota_exhausted and is refunded.',
    ),
  GEMINI_SIMULATOR_PORT: whole(0, 65_535).default(0).describe('Local mode: port of the Gemini simulator. 0: any free port.'),
  GEMINI_SIMULATOR_LATENCY_MS: whole(0, 600_000).default(300).describe('Local mode: time to the first token.'),
  GEMINI_SIMULATOR_CHUNK_MS: whole(0, 60_000).default(30).describe('Local mode: time between two chunks.'),
  GEMINI_SIMULATOR_TOKENS: whole(0, 100_000).default(0).describe('Local mode: length of an answer in tokens. 0: the simulator chooses.'),
};

const webhookSecret = z.string().regex(/^whsec_\S+$/, 'a signing secret of a webhook endpoint at Stripe (whsec_…)');

const stripe = {
  STRIPE_SECRET_KEY: z
    .string()
    .regex(/^[sr]k_\S+$/, 'a secret or restricted key of Stripe (sk_… or rk_…)')
    .optional()
    .describe('Key of the Stripe API (sk_… or rk_…). Unset: the local mode simulates Stripe.'),
  STRIPE_BASE_URL: url('http:', 'https:').optional().describe('Another address of the Stripe API, such as that of a simulator.'),
  STRIPE_WEBHOOK_SECRET: webhookSecret.optional().describe('Secret with which Stripe signs its events (whsec_…).'),
  STRIPE_WEBHOOK_SECRET_PREVIOUS: webhookSecret
    .optional()
    .describe('Previous STRIPE_WEBHOOK_SECRET, which is still accepted. Set it while a new secret is rolled out.'),
  STRIPE_PRICES: list(isPriceEntry, PRICES_SHAPE)
    .refine(areDistinctPrices, PRICES_SHAPE)
    .default([])
    .describe(
      'Recurring prices of the Pro plan as key=price, the default first, such as monthly=price_123,annual=pro_annual. Clients choose by the key. The price is an id (price_…) or a lookup key at Stripe.',
    ),
  STRIPE_PRICE_PRO_ID: z
    .string()
    .regex(/^(?!prod_)\S{1,200}$/, 'the id of a price (price_…) or its lookup key; a product (prod_…) is none')
    .optional()
    .describe('Short form of STRIPE_PRICES for one price (price_…), whose key is pro. Ignored when STRIPE_PRICES is set.'),
  STRIPE_PORTAL_CONFIGURATION: z
    .string()
    .regex(/^bpc_\w+$/, 'the id of a configuration of the customer portal (bpc_…)')
    .optional()
    .describe(
      'Configuration of the customer portal at Stripe (bpc_…), which `npm run stripe:setup` creates. Unset: the default of the account.',
    ),
  STRIPE_PUBLISHABLE_KEY: z.string().min(1).optional().describe('Accepted and not used, because Stripe hosts the payment page.'),
  STRIPE_TIMEOUT: duration.default(8_000).describe('Longest duration of one call to Stripe.'),
  STRIPE_MAX_CALLS_PER_SECOND: whole(1, 10_000)
    .optional()
    .describe('Calls to Stripe in a second, over all processes. Unset: 20 with a live key, 12 with a test key.'),
  STRIPE_SIMULATOR_PORT: whole(0, 65_535).default(0).describe('Local mode: port of the Stripe simulator. 0: any free port.'),
};

const billing = {
  PUBLIC_URL: url('http:', 'https:')
    .optional()
    .describe('Address at which browsers reach the API. Unset: the address it listens on; in production none.'),
  FRONTEND_URL: url('http:', 'https:')
    .optional()
    .describe(
      'Address to which users return from the pages of Stripe, and at which mails ask them to subscribe. Unset: /subscription/return, a plain page of the API.',
    ),
  RETURN_ORIGINS: list(isOrigin, 'origins such as https://app.example.com, separated by commas')
    .default([])
    .describe('Origins to which a client may let users return from Stripe. Unset: the origin of FRONTEND_URL.'),
  PAST_DUE_GRACE: duration.default(3 * 86_400_000).describe('Time for which the Pro plan lasts after a payment was due.'),
  STRIPE_END_RENEWALS_ON_DISPUTE: flag
    .default(false)
    .describe('Whether a subscription is cancelled at the end of its period when one of its payments is disputed.'),
  PRO_TRIAL_DAYS: whole(1, 730)
    .optional()
    .describe(
      'Days for which Pro is free at the beginning of a first subscription. A person has one trial, recognised by the verified mobile number, the e-mail address and the card. Unset: no trial.',
    ),
  STRIPE_PROMOTION_CODES: flag.default(false).describe('Let payers enter promotion codes, which are created at Stripe.'),
  STRIPE_AUTOMATIC_TAX: flag
    .default(false)
    .describe('Have Stripe Tax add the taxes. Payers give their address, and businesses their tax id. It has to be set up at Stripe.'),
  STRIPE_TERMS_CONSENT: flag
    .default(false)
    .describe('Ask payers to accept the terms of service, whose address has to be in the public details of the account at Stripe.'),
  RECONCILE_INTERVAL: duration.default(300_000).describe('Interval at which Stripe is asked for events that did not arrive.'),
};

const isReasoningLevel = (item: string): item is ReasoningLevel => REASONING_LEVELS.some((level) => level === item);
const reasoningLevels = list(
  (item) => item === 'none' || isReasoningLevel(item),
  `none, or some of ${REASONING_LEVELS.join(', ')}, separated by commas`,
).transform((items) => items.filter(isReasoningLevel));
const reasoningTokens = (tokens: number, level: ReasoningLevel) =>
  whole(0, 1_000_000).default(tokens).describe(`Tokens that the level ${level} of reasoning may take, in addition to those of the answer.`);

const plans = {
  BASIC_DAILY_LIMIT: whole(0, 1_000_000).default(5).describe('Messages per UTC day on the Basic plan.'),
  PRO_DAILY_COST_USD: usd
    .optional()
    .describe(
      'Fair use of the Pro plan: the most that the replies of one user may cost in a UTC day, estimated from the prices of GEMINI_MODELS. Each unfinished reply counts as the dearest that the plan allows. Unset: no limit.',
    ),
  BASIC_CONTEXT_TOKENS: whole(256, 10_000_000).default(32_768).describe('Tokens of history that the model receives on the Basic plan.'),
  PRO_CONTEXT_TOKENS: whole(256, 10_000_000).default(131_072).describe('Tokens of history that the model receives on the Pro plan.'),
  BASIC_MAX_OUTPUT_TOKENS: whole(1, 1_000_000).default(2_048).describe('Longest answer on the Basic plan, in tokens.'),
  PRO_MAX_OUTPUT_TOKENS: whole(1, 1_000_000).default(8_192).describe('Longest answer on the Pro plan, in tokens.'),
  BASIC_WEB_SEARCH: flag.default(false).describe('Whether replies of the Basic plan may search the web.'),
  PRO_WEB_SEARCH: flag.default(true).describe('Whether replies of the Pro plan may search the web.'),
  BASIC_REASONING: reasoningLevels
    .default(['minimal', 'low'])
    .describe('Levels of reasoning that users of the Basic plan may choose: minimal, low, medium, high, or none.'),
  PRO_REASONING: reasoningLevels
    .default([...REASONING_LEVELS])
    .describe('Levels of reasoning that users of the Pro plan may choose, or none.'),
  REASONING_MINIMAL_TOKENS: reasoningTokens(512, 'minimal'),
  REASONING_LOW_TOKENS: reasoningTokens(2_048, 'low'),
  REASONING_MEDIUM_TOKENS: reasoningTokens(8_192, 'medium'),
  REASONING_HIGH_TOKENS: reasoningTokens(24_576, 'high'),
  BASIC_STORAGE_BYTES: whole(0, Number.MAX_SAFE_INTEGER)
    .default(50 * 1024 * 1024)
    .describe('Bytes of texts and attachments on the Basic plan. Past it a user cannot upload files, nor import or copy conversations.'),
  PRO_STORAGE_BYTES: whole(0, Number.MAX_SAFE_INTEGER)
    .default(2 * 1024 * 1024 * 1024)
    .describe('Bytes of texts and attachments on the Pro plan.'),
  MAX_CHATROOMS: whole(1, 1_000_000).default(10_000).describe('Most chatrooms of a user.'),
  MAX_STREAMS: whole(1, 10_000)
    .default(20)
    .describe('Most streams, of replies and of live events, that a user may have open in one API process.'),
  MAX_PENDING_REPLIES: whole(1, 100_000).default(200).describe('Most unfinished replies of a user.'),
};

const attachments = {
  ATTACHMENT_MAX_BYTES: whole(1, 1024 * 1024 * 1024)
    .default(20 * 1024 * 1024)
    .describe('Bytes of the largest file that a user may upload.'),
  UPLOAD_STALL_TIMEOUT: duration
    .default(10_000)
    .describe('Interval in which an upload has to bring at least 16 KiB. One that brings less is cut.'),
  UPLOAD_TIMEOUT: duration.default(600_000).describe('Longest duration of one upload. Other requests have 60 seconds.'),
  ATTACHMENT_STORE: z
    .enum(['database', 's3'])
    .default('database')
    .describe(
      'Where the bytes of files are: in PostgreSQL, or in an S3-compatible store. Those that are stored do not move by themselves.',
    ),
  S3_ENDPOINT: url('http:', 'https:').optional().describe('Address of the S3-compatible store. Unset: that of AWS in S3_REGION.'),
  S3_REGION: z.string().min(1).default('us-east-1').describe('Region of the bucket.'),
  S3_BUCKET: z.string().min(1).optional().describe('A bucket of its own: under attachments/, files that no message has are deleted.'),
  S3_ACCESS_KEY_ID: z.string().min(1).optional().describe('Key with which the store is asked.'),
  S3_SECRET_ACCESS_KEY: z.string().min(1).optional().describe('Secret of that key.'),
  ATTACHMENT_CHECK_INTERVAL: duration
    .default(60_000)
    .describe(
      'How often a worker compares the next 1,000 stored files with the attachments, and deletes those that none has, and uploads to the model whose attachments are gone.',
    ),
};

const replies = {
  WORKER_CONCURRENCY: whole(1, 10_000).default(100).describe('Replies that one worker generates at the same time.'),
  REPLY_MAX_ATTEMPTS: whole(1, 100).default(5).describe('Attempts after which a reply fails for good.'),
  REPLY_LEASE: duration.default(10_000).describe('Time after which another worker takes over a reply whose worker has gone silent.'),
  REPLY_RETRY_DELAY: duration.default(1_000).describe('Wait before the second attempt. It doubles with each further attempt.'),
  STREAM_TTL: duration.default(900_000).describe('Time for which the stream of an unfinished reply is kept after its last text.'),
  SWEEP_INTERVAL: duration
    .default(2_000)
    .describe(
      'Interval at which a worker looks for what is due: replies that no worker holds, codes and events without a job, grants that have ended, and messages whose search index is outdated.',
    ),
};

const retention = {
  RETENTION_INTERVAL: duration.default(600_000).describe('Interval at which expired data is deleted.'),
  RETAIN_CODES: duration.default(86_400_000).describe('Time for which one-time codes are kept after they have expired.'),
  RETAIN_UNVERIFIED_ACCOUNTS: duration
    .default(7 * 86_400_000)
    .describe('Time for which an empty account is kept without a verified number, when REQUIRE_VERIFIED_NUMBER is true.'),
  RETAIN_SESSIONS: duration.default(30 * 86_400_000).describe('Time for which sessions are kept after they have ended.'),
  RETAIN_STRIPE_EVENTS: duration.default(90 * 86_400_000).describe('Time for which events of Stripe are kept and can be replayed.'),
  RETAIN_TRIALS: duration
    .default(730 * 86_400_000)
    .describe('Time for which keyed hashes of the number, address and card of a trial are kept, so that nobody has another one.'),
  RETAIN_AUDIT: duration
    .refine((ms) => ms >= 90 * 86_400_000, 'at least 90d, because the database refuses to delete younger entries')
    .default(400 * 86_400_000)
    .describe('Time for which entries of the audit log are kept.'),
  RETAIN_IDEMPOTENCY_KEYS: duration
    .default(86_400_000)
    .describe('Time for which the results of requests with an Idempotency-Key are kept.'),
};

export const SECTIONS = [
  { title: 'Process', settings: server },
  { title: 'PostgreSQL and Redis', settings: data },
  { title: 'Rate limits and proxies', settings: limits },
  { title: 'Tokens and sessions', settings: sessions },
  { title: 'Accounts and one-time codes', settings: accounts },
  { title: 'Browsers', settings: browsers },
  { title: 'Gemini', settings: gemini },
  { title: 'Stripe', settings: stripe },
  { title: 'Billing and addresses', settings: billing },
  { title: 'Plans and quotas', settings: plans },
  { title: 'Attachments', settings: attachments },
  { title: 'Replies', settings: replies },
  { title: 'Retention', settings: retention },
] as const;

export const schema = z.object({
  ...server,
  ...data,
  ...limits,
  ...sessions,
  ...accounts,
  ...browsers,
  ...gemini,
  ...stripe,
  ...billing,
  ...plans,
  ...attachments,
  ...replies,
  ...retention,
});

/** The settings as the schema returns them. */
export type Settings = z.infer<typeof schema>;

/** Flags whose default depends on NODE_ENV. */
type DependentFlag = 'REQUIRE_VERIFIED_NUMBER' | 'ADMIN_REQUIRE_OTP' | 'OTP_LOG_CODES' | 'DOCS_ENABLED';

/** The settings of a process. */
export type Config = Readonly<Omit<Settings, DependentFlag> & Record<DependentFlag, boolean>>;

export const settingNames = Object.keys(schema.shape) as (keyof Config)[];

export const descriptionOf = (name: keyof Config): string => schema.shape[name].description ?? '';

export function withDependentDefaults(settings: Settings): Config {
  const isProduction = settings.NODE_ENV === 'production';
  return {
    ...settings,
    REQUIRE_VERIFIED_NUMBER: settings.REQUIRE_VERIFIED_NUMBER ?? isProduction,
    ADMIN_REQUIRE_OTP: settings.ADMIN_REQUIRE_OTP ?? isProduction,
    OTP_LOG_CODES: settings.OTP_LOG_CODES ?? !isProduction,
    DOCS_ENABLED: settings.DOCS_ENABLED ?? !isProduction,
  };
}
