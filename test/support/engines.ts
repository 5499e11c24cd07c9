import { startTestRedis, type TestRedis, whyNoRedis } from './redis-server.js';

/**
 * The choices that a shared facility has; the same tests hold for each. Without a redis-server the second is skipped,
 * and says why.
 */
export const ENGINES = ['process', 'redis'] as const;
export type Engine = (typeof ENGINES)[number];

const reason = whyNoRedis();

/** `describe` for tests of an engine, or for tests that need Redis anyway. */
export const describeOn = (engine: Engine, name: string, tests: () => void): void => {
  if (engine === 'redis' && reason !== null) describe.skip(`${name} (skipped: ${reason})`, tests);
  else describe(name, tests);
};

export const startEngine = (engine: Engine): Promise<TestRedis | null> => (engine === 'redis' ? startTestRedis() : Promise.resolve(null));

/** The settings that choose it. */
export const settingsOf = (redis: TestRedis | null): { REDIS_URL?: string } => (redis === null ? {} : { REDIS_URL: redis.url });
