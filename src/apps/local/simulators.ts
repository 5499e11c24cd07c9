import type { Stop } from '../../common/process.js';
import type { Config } from '../../config/env.js';
import { startGeminiSimulator } from '../../simulators/gemini/gemini-simulator.js';

export const SIMULATOR_HOST = '127.0.0.1';

/** A vendor that this process plays. */
export interface Simulated {
  readonly name: string;
  readonly url: string;
  /** How to ask the real one. */
  readonly remedy: string;
  /** What the application needs to know in order to ask this one. */
  readonly settings: Partial<Config>;
  readonly stop: Stop;
}

/** A vendor is simulated where nothing says how to reach the real one. */
export const simulatesGemini = (config: Config): boolean => config.GEMINI_API_KEY === undefined && config.GEMINI_BASE_URL === undefined;

/** Starts what stands in for the vendors that this machine has no keys of. */
export async function startSimulators(config: Config): Promise<Simulated[]> {
  const simulated: Simulated[] = [];
  if (simulatesGemini(config)) simulated.push(await simulateGemini(config));
  return simulated;
}

async function simulateGemini(config: Config): Promise<Simulated> {
  const simulator = await startGeminiSimulator({
    port: config.GEMINI_SIMULATOR_PORT,
    host: SIMULATOR_HOST,
    latencyMs: config.GEMINI_SIMULATOR_LATENCY_MS,
    chunkMs: config.GEMINI_SIMULATOR_CHUNK_MS,
    tokens: config.GEMINI_SIMULATOR_TOKENS || null,
  });
  return {
    name: 'Gemini',
    url: simulator.url,
    remedy: 'set GEMINI_API_KEY to ask the real one',
    settings: { GEMINI_BASE_URL: simulator.url, GEMINI_API_KEY: 'simulated' },
    stop: () => simulator.stop(),
  };
}
