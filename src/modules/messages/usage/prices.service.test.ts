import { DEFAULT_MODELS } from '../../../config/models.js';
import { PricesService } from './prices.service.js';

const prices = new PricesService({ GEMINI_MODELS: [...DEFAULT_MODELS] });
const TOKENS = { inputTokens: 1_000_000, outputTokens: 500_000, reasoningTokens: 500_000 };

test.each([
  ['gemini-3.5-flash-lite', 2_800_000],
  ['gemini-3.8-flash', 9_000_000],
  ['gemini-4-argon', 24_000_000],
])('a million tokens in and a million out of %s cost %i millionths of a dollar', (model, micros) => {
  expect(prices.costOf(model, TOKENS)).toBe(micros);
});

test('an unknown model counts as the dearest, and a single token is rounded', () => {
  expect(prices.costOf('gemini-gone', TOKENS)).toBe(24_000_000);
  expect(prices.costOf('gemini-3.5-flash-lite', { inputTokens: 1, outputTokens: 0, reasoningTokens: 0 })).toBe(0);
  expect(prices.costOf('gemini-3.5-flash-lite', { inputTokens: 0, outputTokens: 1, reasoningTokens: 0 })).toBe(3);
});
