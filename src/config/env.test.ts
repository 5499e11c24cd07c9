import { ConfigError, loadConfig, type LoadOptions } from './env.js';

const complaintOf = (source: NodeJS.ProcessEnv, options: LoadOptions = {}): string => {
  try {
    loadConfig({ ...options, source });
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
};

test('an empty environment gives the defaults', () => {
  expect(loadConfig({ source: {} })).toMatchObject({
    PORT: 3000,
    HOST: '127.0.0.1',
    BASIC_DAILY_LIMIT: 5,
    ACCESS_TOKEN_TTL: 900_000,
    REFRESH_TOKEN_TTL: 2_592_000_000,
  });
});

test('text becomes numbers, flags, durations and lists; an empty variable is an unset one', () => {
  const models = [{ id: 'm', name: 'M', plan: 'basic', context_tokens: 5000, input_usd: 1, output_usd: 2 }];
  expect(
    loadConfig({
      source: { PORT: '0', DOCS_ENABLED: 'false', ACCESS_TOKEN_TTL: '90s', BASIC_DAILY_LIMIT: '', GEMINI_MODELS: JSON.stringify(models) },
    }),
  ).toMatchObject({
    PORT: 0,
    DOCS_ENABLED: false,
    ACCESS_TOKEN_TTL: 90_000,
    BASIC_DAILY_LIMIT: 5,
    GEMINI_MODELS: models,
  });
});

test('one message names every wrong setting, and what is missing', () => {
  const message = complaintOf(
    { PORT: '70000', DOCS_ENABLED: 'yes', ACCESS_TOKEN_TTL: 'soon', DATABASE_URL: 'mysql://x', GEMINI_MODELS: '{', JWT_SECRET: 'short' },
    { required: ['REDIS_URL'] },
  );
  for (const name of ['PORT', 'DOCS_ENABLED', 'ACCESS_TOKEN_TTL', 'DATABASE_URL', 'GEMINI_MODELS', 'JWT_SECRET', 'REDIS_URL']) {
    expect(message).toMatch(new RegExp(`^  ${name}(?:\\.|:)`, 'm'));
  }
  expect(message).not.toContain('short');
  const twoWays = complaintOf({ PORT: '70000', STRIPE_SECRET_KEY: 'sk_test_x', OTP_DELIVERY: 'smtp', GEMINI_MODELS: '[]', SMTP_URL: 'x' });
  for (const name of ['PORT', 'GEMINI_MODELS', 'STRIPE_WEBHOOK_SECRET', 'STRIPE_PRICE_PRO_ID', 'SMTP_URL', 'SMTP_FROM']) {
    expect(twoWays.split('\n').filter((line) => line.startsWith(`  ${name}: `))).toHaveLength(name === 'GEMINI_MODELS' ? 2 : 1);
  }
});

test('an empty list of origins is none, also where the default is another one', () => {
  const origins = (source: NodeJS.ProcessEnv) => loadConfig({ source, defaults: { CORS_ORIGINS: 'loopback' } }).CORS_ORIGINS;
  expect([origins({}), origins({ CORS_ORIGINS: '' })]).toEqual([['loopback'], []]);
});

test('lists are split, and each entry is checked', () => {
  const source = {
    CORS_ORIGINS: 'https://a.example.com, http://localhost:5173,',
    TRUSTED_PROXIES: '10.0.0.0/8,::1',
    SMS_ALLOWED_COUNTRIES: 'IN, US',
  };
  expect(loadConfig({ source })).toMatchObject({
    CORS_ORIGINS: ['https://a.example.com', 'http://localhost:5173'],
    TRUSTED_PROXIES: ['10.0.0.0/8', '::1'],
    SMS_ALLOWED_COUNTRIES: ['IN', 'US'],
  });
  const message = complaintOf({ CORS_ORIGINS: 'https://a.example.com/', TRUSTED_PROXIES: '10.0.0.0/33', SMS_ALLOWED_COUNTRIES: 'IN,XX' });
  for (const name of ['CORS_ORIGINS', 'TRUSTED_PROXIES', 'SMS_ALLOWED_COUNTRIES']) expect(message).toMatch(new RegExp(`^  ${name}: `, 'm'));
});

test.each([
  ['NODE_ENV', { NODE_ENV: 'production' }],
  ['HOST', { HOST: '0.0.0.0' }],
  ['TRUSTED_PROXIES', { TRUSTED_PROXIES: '10.0.0.1' }],
])('codes are not put into answers where %s tells of others', (_, source) => {
  expect(complaintOf({ OTP_DELIVERY: 'response' })).toBe('');
  expect(complaintOf({ OTP_DELIVERY: 'response', ...source })).toMatch(/^ {2}OTP_DELIVERY: response returns every code to the caller/m);
});

test('a way of delivery wants its own settings', () => {
  const twilio = complaintOf({ OTP_DELIVERY: 'twilio', TWILIO_FROM: '+14155550100' });
  expect(twilio).toMatch(/TWILIO_ACCOUNT_SID: required by OTP_DELIVERY=twilio[^]*TWILIO_AUTH_TOKEN: required by/);
  expect(twilio).not.toContain('TWILIO_FROM');
  expect(complaintOf({ OTP_DELIVERY: 'smtp' })).toMatch(/SMTP_URL: required by OTP_DELIVERY=smtp[^]*SMTP_FROM: required by/);
});

test('production asks administrators for a code and users for a verified number, unless told otherwise', () => {
  expect(loadConfig({ source: {} })).toMatchObject({ ADMIN_REQUIRE_OTP: false, REQUIRE_VERIFIED_NUMBER: false });
  expect(loadConfig({ source: { NODE_ENV: 'production', ADMIN_REQUIRE_OTP: 'false' } })).toMatchObject({
    ADMIN_REQUIRE_OTP: false,
    REQUIRE_VERIFIED_NUMBER: true,
  });
});

test('the model of titles and summaries is one of those on sale', () => {
  expect(complaintOf({ GEMINI_DIGEST_MODEL: 'gemini-gone' })).toMatch(/^ {2}GEMINI_DIGEST_MODEL: must be one of GEMINI_MODELS$/m);
  expect(complaintOf({ GEMINI_DIGEST_MODEL: 'gemini-3.8-flash' })).toBe('');
});

test('the audit log is kept for as long as the database demands, or longer', () => {
  expect(loadConfig({ source: {} }).RETAIN_AUDIT).toBe(400 * 86_400_000);
  expect(complaintOf({ RETAIN_AUDIT: '89d' })).toMatch(/^ {2}RETAIN_AUDIT: at least 90d/m);
});

test('a budget is dollars', () => {
  expect(loadConfig({ source: { GEMINI_DAILY_BUDGET_USD: '12.5' } }).GEMINI_DAILY_BUDGET_USD).toBe(12.5);
  for (const wrong of ['-1', '1e9', '$5'])
    expect(complaintOf({ GEMINI_DAILY_BUDGET_USD: wrong })).toMatch(/^ {2}GEMINI_DAILY_BUDGET_USD: /m);
});

test.each([
  ['STRIPE_SECRET_KEY', 'pk_test_abc', 'rk_live_abc'],
  ['STRIPE_SECRET_KEY', 'whsec_abc', 'sk_test_abc'],
  ['STRIPE_WEBHOOK_SECRET', 'sk_test_abc', 'whsec_abc'],
  ['STRIPE_WEBHOOK_SECRET_PREVIOUS', 'we_abc', 'whsec_abc'],
  ['STRIPE_PRICE_PRO_ID', 'prod_abc', 'price_abc'],
  ['STRIPE_PRICE_PRO_ID', 'two words', 'pro_monthly'],
  ['STRIPE_PRICES', 'monthly=prod_abc', 'monthly=price_abc'],
  ['STRIPE_PORTAL_CONFIGURATION', 'https://billing.stripe.com/p/login/abc', 'bpc_abc'],
])('%s is judged by its shape: not %s, but %s', (name, wrong, right) => {
  const others = { STRIPE_WEBHOOK_SECRET: 'whsec_abc', STRIPE_PRICE_PRO_ID: 'price_abc' };
  const message = complaintOf({ ...others, [name]: wrong });
  expect(message).toMatch(new RegExp(`^  ${name}: `, 'm'));
  expect(message).not.toContain(wrong);
  expect(complaintOf({ ...others, [name]: right })).toBe('');
});

describe('in production', () => {
  const GOOD = '9d1c7b2a8e6f3051Zk4tQwPyLmXvRs0uNbHe';

  test.each(['JWT_SECRET', 'JWT_SECRET_PREVIOUS', 'STRIPE_WEBHOOK_SECRET', 'STRIPE_WEBHOOK_SECRET_PREVIOUS'])(
    'a weak %s is refused, and not told',
    (name) => {
      const prefix = name.startsWith('STRIPE') ? 'whsec_' : '';
      for (const [weak, reason] of [
        [`${prefix}only-for-a-look-at-the-system-set-JWT_SECRET-in-.env`, 'is a published placeholder'],
        [prefix + 'abcd'.repeat(10), 'repeats itself or is too short'],
      ] as const) {
        const message = complaintOf({ NODE_ENV: 'production', [name]: weak });
        expect(message).toMatch(new RegExp(`^  ${name}: ${reason}, which is refused in production: `, 'm'));
        expect(message).not.toContain(weak);
        expect(complaintOf({ [name]: weak })).toBe('');
      }
      expect(complaintOf({ NODE_ENV: 'production', [name]: prefix + GOOD })).toBe('');
    },
  );

  test('a simulator of Stripe may have a published secret', () => {
    const source = { NODE_ENV: 'production', STRIPE_WEBHOOK_SECRET: 'whsec_simulated', STRIPE_BASE_URL: 'http://stripe-simulator:4242' };
    expect(complaintOf(source)).toBe('');
  });

  test('codes are not printed unless OTP_LOG_CODES says so', () => {
    expect(loadConfig({ source: {} }).OTP_LOG_CODES).toBe(true);
    expect(loadConfig({ source: { NODE_ENV: 'production' } }).OTP_LOG_CODES).toBe(false);
    expect(loadConfig({ source: { NODE_ENV: 'production', OTP_LOG_CODES: 'true' } }).OTP_LOG_CODES).toBe(true);
  });
});

test('the documentation is served except in production, unless the setting says so', () => {
  const isServed = (source: NodeJS.ProcessEnv) => loadConfig({ source }).DOCS_ENABLED;
  expect([isServed({}), isServed({ NODE_ENV: 'production' })]).toEqual([true, false]);
  expect([isServed({ DOCS_ENABLED: 'false' }), isServed({ NODE_ENV: 'production', DOCS_ENABLED: 'true' })]).toEqual([false, true]);
});
