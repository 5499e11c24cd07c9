import { type Config, loadConfig } from '../../src/config/env.js';

/** Settings of a test, independent of the machine's environment; vendors point nowhere unless given. */
export function testConfig(settings: Partial<Record<keyof Config, string>> & { DATABASE_URL: string }): Config {
  return loadConfig({
    source: {
      NODE_ENV: 'test',
      PORT: '0',
      LOG_LEVEL: 'fatal',
      JWT_SECRET: 'a secret of the tests, of no use elsewhere',
      GEMINI_API_KEY: 'test-key',
      GEMINI_BASE_URL: 'http://127.0.0.1:9',
      ...settings,
    },
  });
}
