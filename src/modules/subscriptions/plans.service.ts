import { Injectable } from '@nestjs/common';
import type { Plan } from '../../common/actor.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { ModelSetting } from '../../config/models.js';

/** What a plan entitles to. */
export interface PlanLimits {
  /** Messages a UTC day; null is without limit. */
  readonly dailyLimit: number | null;
  /** Tokens of history that the model is given. */
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  /** The models that may be used, the default first. */
  readonly models: readonly [ModelSetting, ...ModelSetting[]];
}

@Injectable()
export class PlansService {
  private readonly limits: Readonly<Record<Plan, PlanLimits>>;

  constructor(@InjectConfig() config: Config) {
    const [basicDefault, ...basicOthers] = config.GEMINI_MODELS.filter(({ plan }) => plan === 'basic');
    if (!basicDefault) throw new Error('GEMINI_MODELS names no model of the plan basic');
    const [proDefault = basicDefault, ...proOthers] = config.GEMINI_MODELS.filter(({ plan }) => plan === 'pro');
    this.limits = {
      basic: {
        dailyLimit: config.BASIC_DAILY_LIMIT,
        contextTokens: config.BASIC_CONTEXT_TOKENS,
        maxOutputTokens: config.BASIC_MAX_OUTPUT_TOKENS,
        models: [basicDefault, ...basicOthers],
      },
      pro: {
        dailyLimit: null,
        contextTokens: config.PRO_CONTEXT_TOKENS,
        maxOutputTokens: config.PRO_MAX_OUTPUT_TOKENS,
        models: proDefault === basicDefault ? [basicDefault, ...basicOthers] : [proDefault, ...proOthers, basicDefault, ...basicOthers],
      },
    };
  }

  limitsOf(plan: Plan): PlanLimits {
    return this.limits[plan];
  }

  /** The model that a room of this plan's user talks to: its own if the plan has it, else the plan's default. */
  effectiveModel(plan: Plan, model: string | null): string {
    const { models } = this.limits[plan];
    return (models.find(({ id }) => id === model) ?? models[0]).id;
  }
}
