import type { Config } from '../../config/env.js';
import type { ModelSetting } from '../../config/models.js';
import { PlansService } from './plans.service.js';
import { NotInPlanError, NotOfferedByModelError } from './subscriptions.errors.js';

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
  BASIC_WEB_SEARCH: false,
  PRO_WEB_SEARCH: true,
  BASIC_REASONING: ['low'],
  PRO_REASONING: ['minimal', 'low', 'medium', 'high'],
  REASONING_MINIMAL_TOKENS: 1,
  REASONING_LOW_TOKENS: 20,
  REASONING_MEDIUM_TOKENS: 300,
  REASONING_HIGH_TOKENS: 4_000,
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

describe('what plans and models offer', () => {
  const capable: ModelSetting[] = MODELS.map((model) => ({
    ...model,
    attachments: model.id === 'narrow',
    web_search: true,
    reasoning: ['low', 'high'],
  }));
  const plans = plansOf({ GEMINI_MODELS: capable });

  test('a model of the last release offers nothing', () => {
    expect(plansOf().capabilitiesOf('pro', 'narrow')).toEqual({ attachments: false, webSearch: false, reasoning: [] });
  });

  test('only what the plan and the model offer is offered', () => {
    expect(plans.capabilitiesOf('pro', 'narrow')).toEqual({ attachments: true, webSearch: true, reasoning: ['low', 'high'] });
    expect(plans.capabilitiesOfPlan('basic')).toEqual({ attachments: false, webSearch: false, reasoning: ['low'] });
    expect(plans.capabilitiesOfPlan('pro').attachments).toBe(true);
    expect(plans.offeredOf('basic', 'wide', { webSearch: true, reasoning: 'high' })).toEqual({ webSearch: false, reasoning: null });
  });

  test('the plan refuses before the model does', () => {
    const refusalOf = (plan: 'basic' | 'pro', options: Parameters<typeof plans.assertOffered>[2]) => () => {
      plans.assertOffered(plan, 'wide', options);
    };
    expect(refusalOf('basic', { webSearch: true, reasoning: null })).toThrow(NotInPlanError);
    expect(refusalOf('basic', { webSearch: false, reasoning: 'medium' })).toThrow(NotInPlanError);
    expect(refusalOf('pro', { webSearch: true, reasoning: 'medium' })).toThrow(NotOfferedByModelError);
    expect(refusalOf('pro', { webSearch: true, reasoning: 'high' })).not.toThrow();
    expect(refusalOf('pro', { attachments: true, webSearch: false, reasoning: null })).toThrow(NotOfferedByModelError);
    expect(() => {
      plans.assertOffered('pro', 'narrow', { attachments: true, webSearch: false, reasoning: null });
    }).not.toThrow();
  });

  test('the longest thoughts leave room in the window', () => {
    expect(plans.historyOf('pro', 'narrow').historyTokens).toBe(0);
    expect(plans.historyOf('basic', 'wide').historyTokens).toBe(2_000);
  });
});
