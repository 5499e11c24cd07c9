import { startGeminiSimulator } from './gemini-simulator.js';

/**
 * A setting as a whole number from `least`; without it the fallback. The process ends with a message when it is
 * something else.
 */
function setting<T>(name: string, least: number, fallback: T): number | T {
  const text = process.env[name] ?? '';
  if (text === '') return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  console.error(`${name} must be a whole number from ${least}, not "${text}".`);
  process.exit(1);
}

const simulator = await startGeminiSimulator({
  port: setting('PORT', 0, 0),
  host: process.env['HOST'] || '127.0.0.1',
  latencyMs: setting('GEMINI_SIMULATOR_LATENCY_MS', 0, 200),
  chunkMs: setting('GEMINI_SIMULATOR_CHUNK_MS', 0, 20),
  tokens: setting('GEMINI_SIMULATOR_TOKENS', 1, null),
}).catch((error: unknown) => {
  // A port that is taken, as a rule.
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
console.log(`Gemini simulator on ${simulator.url} (its scenarios: ${simulator.url}/_simulator/scenarios)`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void simulator.stop());
