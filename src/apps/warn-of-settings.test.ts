import { loadConfig } from '../config/env.js';
import { warnOfSettings } from './warn-of-settings.js';

const warningsFor = (source: NodeJS.ProcessEnv): unknown[] => {
  const warnings: unknown[] = [];
  const ignore = () => undefined;
  warnOfSettings(loadConfig({ source }), { log: ignore, error: ignore, warn: (message: unknown) => warnings.push(message) });
  return warnings;
};

test.each([
  [{}, 'codes reach nobody, as OTP_LOG_CODES is not true'],
  [{ OTP_LOG_CODES: 'true' }, 'whoever reads the log can sign in as anybody (OTP_LOG_CODES=true)'],
])('OTP_DELIVERY=log in production with %j is warned of', (more, consequence) => {
  expect(warningsFor({ NODE_ENV: 'production', OTP_DELIVERY: 'log', ...more })).toEqual([
    `OTP_DELIVERY=log in production: ${consequence}. Set it to twilio or smtp.`,
  ]);
});

test('a key of test mode in production is warned of, unless it is that of a simulator', () => {
  const source = {
    NODE_ENV: 'production',
    STRIPE_SECRET_KEY: 'rk_test_abc',
    STRIPE_WEBHOOK_SECRET: 'whsec_9d1c7b2a8e6f3051Zk4tQwPyLmXvRs0uNbHe',
    STRIPE_PRICE_PRO_ID: 'price_abc',
  };
  expect(warningsFor(source)).toEqual([
    'STRIPE_SECRET_KEY is of test mode in production: nobody is charged, and test cards buy the Pro plan.',
  ]);
  expect(warningsFor({ ...source, STRIPE_SECRET_KEY: 'rk_live_abc' })).toEqual([]);
  expect(warningsFor({ ...source, STRIPE_BASE_URL: 'http://127.0.0.1:4242' })).toEqual([]);
});

test('nothing else is warned of', () => {
  expect(warningsFor({ OTP_DELIVERY: 'log' })).toEqual([]);
  expect(warningsFor({ NODE_ENV: 'production', OTP_DELIVERY: 'smtp', SMTP_URL: 'smtp://127.0.0.1', SMTP_FROM: 'a@example.com' })).toEqual(
    [],
  );
});
