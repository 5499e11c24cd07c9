import { join } from 'node:path';
import type { Stop } from '../../common/process.js';
import type { Config } from '../../config/env.js';
import { startGeminiSimulator } from '../../../simulators/gemini/gemini-simulator.js';
import { PRO_ANNUAL_PRICE_ID, PRO_PRICE_ID } from '../../../simulators/stripe/objects/catalogue.js';
import { startStripeSimulator } from '../../../simulators/stripe/server.js';

export const SIMULATOR_HOST = '127.0.0.1';

/** A vendor that this process simulates. */
export interface Simulated {
  readonly name: string;
  readonly url: string;
  /** The way to use the real vendor. */
  readonly remedy: string;
  /** The settings with which the application uses the simulator. */
  readonly settings: Partial<Config>;
  /** Is called with the URL of the API when it has started. */
  readonly onApiStarted?: (apiUrl: string) => void;
  readonly stop: Stop;
}

/** A vendor is simulated unless the settings name the real one. */
export const simulatesGemini = (config: Config): boolean => config.GEMINI_API_KEY === undefined && config.GEMINI_BASE_URL === undefined;

export const simulatesStripe = (config: Config): boolean => config.STRIPE_SECRET_KEY === undefined && config.STRIPE_BASE_URL === undefined;

/** Starts a simulator for each vendor that the settings have no key for. */
export async function startSimulators(config: Config, dataDirectory: string): Promise<Simulated[]> {
  const simulated: Simulated[] = [];
  if (simulatesGemini(config)) simulated.push(await simulateGemini(config));
  if (simulatesStripe(config)) simulated.push(await simulateStripe(config, dataDirectory));
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

/** The simulator keeps its state with the other data: a subscription that it forgot would have ended at Stripe. */
async function simulateStripe(config: Config, dataDirectory: string): Promise<Simulated> {
  const simulator = await startStripeSimulator({
    port: config.STRIPE_SIMULATOR_PORT,
    host: SIMULATOR_HOST,
    stateFile: join(dataDirectory, 'stripe-simulator.jsonl'),
  });
  return {
    name: 'Stripe',
    url: simulator.url,
    remedy: 'set STRIPE_SECRET_KEY to use the real one',
    settings: {
      STRIPE_BASE_URL: simulator.url,
      STRIPE_SECRET_KEY: 'sk_test_simulated',
      // The simulator has no limit.
      STRIPE_MAX_CALLS_PER_SECOND: 1_000,
      STRIPE_PRICES: [`monthly=${PRO_PRICE_ID}`, `annual=${PRO_ANNUAL_PRICE_ID}`],
      STRIPE_WEBHOOK_SECRET: simulator.webhookSecret,
    },
    onApiStarted: (apiUrl) => {
      simulator.sendEventsTo(`${apiUrl}/webhook/stripe`);
    },
    stop: () => simulator.stop(),
  };
}
