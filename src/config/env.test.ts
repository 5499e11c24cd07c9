import { ConfigError, loadConfig } from './env.js';

const complaintOf = (source: NodeJS.ProcessEnv, demand: Parameters<typeof loadConfig>[0] = {}): string => {
  try {
    loadConfig({ ...demand, source });
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
    { demand: ['REDIS_URL'] },
  );
  for (const name of ['PORT', 'DOCS_ENABLED', 'ACCESS_TOKEN_TTL', 'DATABASE_URL', 'GEMINI_MODELS', 'JWT_SECRET', 'REDIS_URL']) {
    expect(message).toMatch(new RegExp(`^  ${name}(?:\\.|:)`, 'm'));
  }
  expect(message).not.toContain('short');
});
