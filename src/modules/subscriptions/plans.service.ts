import { Injectable } from '@nestjs/common';
import type { Plan } from '../../common/actor.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { ModelSetting } from '../../config/models.js';

/** The limits of a plan. */
export interface PlanLimits {
  /** Messages per UTC day; null for no limit. */
  readonly dailyLimit: number | null;
  /** Tokens of history that the model is given. */
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  /** Bytes of content that a user may store. */
  readonly storageBytes: number;
  /** The models that may be used, the default first. */
  readonly models: readonly [ModelSetting, ...ModelSetting[]];
}

/** The upper limits of a summary: an absolute one, and a part of the history. */
const SUMMARY_TOKENS = 1_024;
const SUMMARY_PART = 1 / 4;

@Injectable()
export class PlansService {
  private readonly limits: Readonly<Record<Plan, PlanLimits>>;
  private readonly windows: ReadonlyMap<string, number>;
  /** The model that writes titles and summaries. */
  readonly digestModel: string;

  constructor(@InjectConfig() config: Config) {
    const cheapest = config.GEMINI_MODELS.reduce((a, b) => (b.input_usd + b.output_usd < a.input_usd + a.output_usd ? b : a));
    this.digestModel = config.GEMINI_DIGEST_MODEL ?? cheapest.id;
    this.windows = new Map(config.GEMINI_MODELS.map(({ id, context_tokens: tokens }) => [id, tokens]));
    const [basicDefault, ...basicOthers] = config.GEMINI_MODELS.filter(({ plan }) => plan === 'basic');
    if (!basicDefault) throw new Error('GEMINI_MODELS names no model of the plan basic');
    const [proDefault = basicDefault, ...proOthers] = config.GEMINI_MODELS.filter(({ plan }) => plan === 'pro');
    this.limits = {
      basic: {
        dailyLimit: config.BASIC_DAILY_LIMIT,
        contextTokens: config.BASIC_CONTEXT_TOKENS,
        maxOutputTokens: config.BASIC_MAX_OUTPUT_TOKENS,
        storageBytes: config.BASIC_STORAGE_BYTES,
        models: [basicDefault, ...basicOthers],
      },
      pro: {
        dailyLimit: null,
        contextTokens: config.PRO_CONTEXT_TOKENS,
        maxOutputTokens: config.PRO_MAX_OUTPUT_TOKENS,
        storageBytes: config.PRO_STORAGE_BYTES,
        models: proDefault === basicDefault ? [basicDefault, ...basicOthers] : [proDefault, ...proOthers, basicDefault, ...basicOthers],
      },
    };
  }

  limitsOf(plan: Plan): PlanLimits {
    return this.limits[plan];
  }

  /** The model that replies in a chatroom: the chatroom's own if the plan has it, else the plan's default. */
  effectiveModel(plan: Plan, model: string | null): string {
    const { models } = this.limits[plan];
    return (models.find(({ id }) => id === model) ?? models[0]).id;
  }

  /**
   * The tokens of history that a model is given (the plan's limit, unless the model takes less), and the part of them
   * that a summary may have.
   */
  historyOf(plan: Plan, model: string): { readonly historyTokens: number; readonly summaryTokens: number } {
    const { contextTokens, maxOutputTokens } = this.limits[plan];
    const historyTokens = Math.min(contextTokens, Math.max(0, (this.windows.get(model) ?? Infinity) - maxOutputTokens));
    return { historyTokens, summaryTokens: Math.min(SUMMARY_TOKENS, Math.floor(historyTokens * SUMMARY_PART)) };
  }
}
