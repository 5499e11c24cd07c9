import { Injectable } from '@nestjs/common';
import type { Plan } from '../../common/actor.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { ModelSetting, ReasoningLevel } from '../../config/models.js';
import { NotInPlanError, NotOfferedByModelError } from './subscriptions.errors.js';

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
  readonly webSearch: boolean;
  readonly reasoning: readonly ReasoningLevel[];
}

/** What replies may use beside text. */
export interface Capabilities {
  readonly attachments: boolean;
  readonly webSearch: boolean;
  /** The levels that may be chosen. */
  readonly reasoning: readonly ReasoningLevel[];
}

/** How a reply is made. */
export interface ReplyOptions {
  readonly webSearch: boolean;
  /** Null: the model's default. */
  readonly reasoning: ReasoningLevel | null;
}

/** What a message wants of its reply. */
export interface WantedOptions extends ReplyOptions {
  /** The model is to take its files. */
  readonly attachments?: boolean;
}

/** The upper limits of a summary: an absolute one, and a part of the history. */
const SUMMARY_TOKENS = 1_024;
const SUMMARY_PART = 1 / 4;

@Injectable()
export class PlansService {
  private readonly limits: Readonly<Record<Plan, PlanLimits>>;
  private readonly modelSettings: ReadonlyMap<string, ModelSetting>;
  private readonly reasoningTokens: Readonly<Record<ReasoningLevel, number>>;
  /** The model that writes titles and summaries. */
  readonly digestModel: string;

  constructor(@InjectConfig() config: Config) {
    const cheapest = config.GEMINI_MODELS.reduce((a, b) => (b.input_usd + b.output_usd < a.input_usd + a.output_usd ? b : a));
    this.digestModel = config.GEMINI_DIGEST_MODEL ?? cheapest.id;
    this.modelSettings = new Map(config.GEMINI_MODELS.map((model) => [model.id, model]));
    this.reasoningTokens = {
      minimal: config.REASONING_MINIMAL_TOKENS,
      low: config.REASONING_LOW_TOKENS,
      medium: config.REASONING_MEDIUM_TOKENS,
      high: config.REASONING_HIGH_TOKENS,
    };
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
        webSearch: config.BASIC_WEB_SEARCH,
        reasoning: config.BASIC_REASONING,
      },
      pro: {
        dailyLimit: null,
        contextTokens: config.PRO_CONTEXT_TOKENS,
        maxOutputTokens: config.PRO_MAX_OUTPUT_TOKENS,
        storageBytes: config.PRO_STORAGE_BYTES,
        models: proDefault === basicDefault ? [basicDefault, ...basicOthers] : [proDefault, ...proOthers, basicDefault, ...basicOthers],
        webSearch: config.PRO_WEB_SEARCH,
        reasoning: config.PRO_REASONING,
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

  /** What replies of a model may use on a plan. */
  capabilitiesOf(plan: Plan, model: string): Capabilities {
    const { webSearch, reasoning } = this.limits[plan];
    const setting = this.modelSettings.get(model);
    return {
      attachments: setting?.attachments === true,
      webSearch: webSearch && setting?.web_search === true,
      reasoning: reasoning.filter((level) => setting?.reasoning?.includes(level)),
    };
  }

  /** What replies of some model may use on a plan. */
  capabilitiesOfPlan(plan: Plan): Capabilities {
    const { models, reasoning } = this.limits[plan];
    const all = models.map(({ id }) => this.capabilitiesOf(plan, id));
    return {
      attachments: all.some(({ attachments }) => attachments),
      webSearch: all.some(({ webSearch }) => webSearch),
      reasoning: reasoning.filter((level) => all.some((one) => one.reasoning.includes(level))),
    };
  }

  /** Those of the chosen options that plan and model offer, which may both have changed since they were chosen. */
  offeredOf(plan: Plan, model: string, { webSearch, reasoning }: ReplyOptions): ReplyOptions {
    const offered = this.capabilitiesOf(plan, model);
    return {
      webSearch: webSearch && offered.webSearch,
      reasoning: reasoning !== null && offered.reasoning.includes(reasoning) ? reasoning : null,
    };
  }

  /** @throws NotInPlanError, NotOfferedByModelError for options that the plan, or else the model, does not offer */
  assertOffered(plan: Plan, model: string, { attachments = false, webSearch, reasoning }: WantedOptions): void {
    const inPlan = this.limits[plan];
    const setting = this.modelSettings.get(model);
    if (webSearch && !inPlan.webSearch) throw new NotInPlanError('web_search');
    if (reasoning !== null && !inPlan.reasoning.includes(reasoning)) throw new NotInPlanError('reasoning');
    if (attachments && setting?.attachments !== true) throw new NotOfferedByModelError('attachments');
    if (webSearch && setting?.web_search !== true) throw new NotOfferedByModelError('web_search');
    if (reasoning !== null && !setting?.reasoning?.includes(reasoning)) throw new NotOfferedByModelError('reasoning');
  }

  /** The most tokens of an answer, and those that a level of reasoning takes before it. */
  outputTokensOf(plan: Plan, reasoning: ReasoningLevel | null): { readonly answerTokens: number; readonly reasoningTokens: number } {
    return {
      answerTokens: this.limits[plan].maxOutputTokens,
      reasoningTokens: reasoning === null ? 0 : this.reasoningTokens[reasoning],
    };
  }

  /** The most tokens that reasoning may take on a plan with a model. */
  maxReasoningTokensOf(plan: Plan, model: string): number {
    return Math.max(0, ...this.capabilitiesOf(plan, model).reasoning.map((level) => this.reasoningTokens[level]));
  }

  /**
   * The tokens of history that a model is given (the plan's limit, unless the model takes less), and the part of them
   * that a summary may have.
   */
  historyOf(plan: Plan, model: string): { readonly historyTokens: number; readonly summaryTokens: number } {
    const { contextTokens, maxOutputTokens } = this.limits[plan];
    const window = this.modelSettings.get(model)?.context_tokens ?? Infinity;
    const left = window - maxOutputTokens - this.maxReasoningTokensOf(plan, model);
    const historyTokens = Math.min(contextTokens, Math.max(0, left));
    return { historyTokens, summaryTokens: Math.min(SUMMARY_TOKENS, Math.floor(historyTokens * SUMMARY_PART)) };
  }
}
