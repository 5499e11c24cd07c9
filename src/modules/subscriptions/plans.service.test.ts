import type { Config } from '../../config/env.js';
import type { ModelSetting } from '../../config/models.js';
import { PlansService } from './plans.service.js';

const MODELS: ModelSetting[] = [
  { id: 'wide', name: 'Wide', plan: 'basic', context_tokens: 1_000_000, input_usd: 1, output_usd: 2 },
  { id: 'narrow', name: 'Narrow', plan: 'pro', context_tokens: 10_000, input_usd: 0.1, output_usd: 0.2 },
];
const SETTINGS = {
  GEMINI_MODELS: MODELS,
  BASIC_DAILY_LIMIT: 5,
  BASIC_CONTEXT_TOKENS: 2_000,
  PRO_CONTEXT_TOKENS: 131_072,
  BASIC_MAX_OUTPUT_TOKENS: 2_048,
  PRO_MAX_OUTPUT_TOKENS: 8_192,
};
const plansOf = (settings: Partial<Config> = {}) => new PlansService({ ...SETTINGS, ...settings } as Config);

test('the history of a plan is cut to what the model takes besides its answer, and a quarter of it may be a summary', () => {
  const plans = plansOf();
  expect(plans.historyOf('basic', 'wide')).toEqual({ historyTokens: 2_000, summaryTokens: 500 });
  expect(plans.historyOf('pro', 'wide')).toEqual({ historyTokens: 131_072, summaryTokens: 1_024 });
  expect(plans.historyOf('pro', 'narrow')).toEqual({ historyTokens: 10_000 - 8_192, summaryTokens: 452 });
});

test('titles and summaries are written by the cheapest model, or by the one that is set', () => {
  expect(plansOf().digestModel).toBe('narrow');
  expect(plansOf({ GEMINI_DIGEST_MODEL: 'wide' }).digestModel).toBe('wide');
});
