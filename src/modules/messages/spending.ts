import type { PricesService, Tokens } from './usage/prices.service.js';

/**
 * The parameters of statements that count in the hour what a reply cost, as the expressions that `countInHour` takes.
 */
export const SPENDING = {
  parameters: { spent_input: 'int8', spent_output: 'int8', spent_reasoning: 'int8', spent_searches: 'int8', cost_micros: 'int8' },
  count: {
    tokens: [':spent_input::bigint', ':spent_output::bigint', ':spent_reasoning::bigint'],
    searches: ':spent_searches::bigint',
    costMicros: ':cost_micros::bigint',
  },
} as const;

/** @param tokens null where the model consumed nothing */
export function spendingOf(prices: PricesService, model: string, tokens: Tokens | null) {
  return {
    spent_input: tokens?.inputTokens ?? 0,
    spent_output: tokens?.outputTokens ?? 0,
    spent_reasoning: tokens?.reasoningTokens ?? 0,
    spent_searches: tokens?.searches ?? 0,
    cost_micros: tokens === null ? 0 : prices.costOf(model, tokens),
  };
}
