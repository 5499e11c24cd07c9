import { Injectable } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';

/** Tokens of one call of a model. */
export interface Tokens {
  readonly inputTokens: number;
  /** These do not include `reasoningTokens`; both are billed as output. */
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  /** Search queries. */
  readonly searches?: number;
}

interface Price {
  readonly input: number;
  readonly output: number;
  readonly search: number;
}

/**
 * The cost of calls by the prices in the settings. The vendor's invoice may differ: discounts and cached input are not
 * known here.
 */
@Injectable()
export class PricesService {
  private readonly prices: ReadonlyMap<string, Price>;
  private readonly mostExpensive: Price;

  constructor(@InjectConfig() { GEMINI_MODELS }: Pick<Config, 'GEMINI_MODELS'>) {
    this.prices = new Map(
      GEMINI_MODELS.map(({ id, input_usd: input, output_usd: output, search_usd: search = 0 }) => [id, { input, output, search }]),
    );
    this.mostExpensive = {
      input: Math.max(...GEMINI_MODELS.map(({ input_usd: usd }) => usd)),
      output: Math.max(...GEMINI_MODELS.map(({ output_usd: usd }) => usd)),
      search: Math.max(...GEMINI_MODELS.map(({ search_usd: usd = 0 }) => usd)),
    };
  }

  /** The cost in millionths of a US dollar. A model that left the settings counts as the most expensive one. */
  costOf(model: string, { inputTokens, outputTokens, reasoningTokens, searches = 0 }: Tokens): number {
    // Dollars a million tokens are millionths of a dollar a token.
    const { input, output, search } = this.prices.get(model) ?? this.mostExpensive;
    return Math.round(inputTokens * input + (outputTokens + reasoningTokens) * output + searches * search * 1_000_000);
  }
}
