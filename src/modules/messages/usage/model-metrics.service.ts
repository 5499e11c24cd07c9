import { Injectable } from '@nestjs/common';
import { Metrics } from '../../../common/metrics/metrics.js';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { type FinishedStatus, isFinished, MESSAGE_STATUSES } from '../message-status.js';
import { REPLY_ERROR_CODES } from '../reply-errors.js';
import type { ModelHourEntity } from './model-hour.entity.js';
import { PricesService, type Tokens } from './prices.service.js';

/** The codes of failed replies that say what a model did. */
const MODEL_ERRORS = REPLY_ERROR_CODES.filter((code) => code !== 'service_budget_reached' && code !== 'attempts_exhausted');

/** What a model was called for. */
interface Call {
  readonly model: string;
  readonly purpose: ModelHourEntity['purpose'];
}

/** A reply that has ended, and its times since the acceptance. */
interface FinishedReply {
  readonly model: string;
  readonly status: FinishedStatus;
  readonly firstTokenMs: number | null;
  readonly firstThoughtMs: number | null;
  readonly totalMs: number;
}

/** What this process has stored of replies and calls of models. The database has the same by the hour. */
@Injectable()
export class ModelMetrics {
  private readonly replies;
  private readonly firstToken;
  private readonly firstThought;
  private readonly duration;
  private readonly tokens;
  private readonly searches;
  private readonly cost;
  /** Calls without a complete answer, by the stable code of the error. */
  readonly errors;
  readonly retries;
  readonly pauses;

  constructor(
    metrics: Metrics,
    private readonly prices: PricesService,
    @InjectConfig() { GEMINI_MODELS }: Config,
  ) {
    this.replies = metrics.counter('replies_total', 'Replies that ended in this process, by their status.', ['model', 'status']);
    this.firstToken = metrics.histogram(
      'reply_first_token_seconds',
      'Time from the acceptance of a message to the first text of its reply.',
      ['model'],
    );
    this.firstThought = metrics.histogram(
      'reply_first_thought_seconds',
      'Time from the acceptance of a message to the first thought that is shown, for replies with thoughts.',
      ['model'],
    );
    this.duration = metrics.histogram('reply_duration_seconds', 'Time from the acceptance of a message to the end of its reply.', [
      'model',
    ]);
    this.tokens = metrics.counter('model_tokens_total', 'Tokens that models consumed; reasoning is billed as output.', [
      'model',
      'purpose',
      'kind',
    ]);
    this.searches = metrics.counter('model_searches_total', 'Search queries of models.', ['model']);
    this.cost = metrics.counter('model_cost_dollars_total', 'Estimated cost of calls of models, by the prices in GEMINI_MODELS.', [
      'model',
      'purpose',
    ]);
    this.errors = metrics.counter('model_errors_total', 'Calls of models that gave no complete answer, by the code of the error.', [
      'model',
      'code',
    ]);
    this.retries = metrics.counter('reply_retries_total', 'Attempts at a reply that failed and are followed by another one.', [
      'model',
      'reason',
    ]);
    this.pauses = metrics.counter('model_pauses_total', 'Waits that a model asked for, during which no worker calls it.', ['model']);
    // Prometheus sees the first increase of a counter only where the counter was 0 before.
    for (const { id: model } of GEMINI_MODELS) {
      for (const status of MESSAGE_STATUSES.filter(isFinished)) this.replies.inc({ model, status }, 0);
      for (const code of MODEL_ERRORS) this.errors.inc({ model, code }, 0);
      this.pauses.inc({ model }, 0);
    }
  }

  countFinished({ model, status, firstTokenMs, firstThoughtMs, totalMs }: FinishedReply): void {
    this.replies.inc({ model, status });
    this.duration.observe({ model }, totalMs / 1_000);
    if (firstTokenMs !== null) this.firstToken.observe({ model }, firstTokenMs / 1_000);
    if (firstThoughtMs !== null) this.firstThought.observe({ model }, firstThoughtMs / 1_000);
  }

  /** @param tokens null where the model consumed nothing */
  countTokens(call: Call, tokens: Tokens | null): void {
    if (tokens === null) return;
    const { inputTokens, outputTokens, reasoningTokens } = tokens;
    for (const [kind, number] of Object.entries({ input: inputTokens, output: outputTokens, reasoning: reasoningTokens }))
      this.tokens.inc({ ...call, kind }, number);
    this.searches.inc({ model: call.model }, tokens.searches ?? 0);
    this.cost.inc({ ...call }, this.prices.costOf(call.model, tokens) / 1_000_000);
  }
}
