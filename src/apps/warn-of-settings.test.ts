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

test('nothing else is warned of', () => {
  expect(warningsFor({ OTP_DELIVERY: 'log' })).toEqual([]);
  expect(warningsFor({ NODE_ENV: 'production', OTP_DELIVERY: 'smtp', SMTP_URL: 'smtp://127.0.0.1', SMTP_FROM: 'a@example.com' })).toEqual(
    [],
  );
});
