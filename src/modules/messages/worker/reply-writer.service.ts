import { setTimeout } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import pLimit, { type LimitFunction } from 'p-limit';
import { Metrics } from '../../../common/metrics/metrics.js';
import { hasVisibleText } from '../../../common/visible-text.js';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { isDatabaseUnavailable } from '../../../database/database.errors.js';
import { GeminiClient, GeminiError, type GenerateEvent } from '../../../integrations/gemini/index.js';
import { Signals } from '../../../streams/signals.js';
import { StreamStore } from '../../../streams/stream-store.js';
import { PlansService } from '../../subscriptions/index.js';
import { CancellationService } from '../cancellation.service.js';
import { type Claim, ClaimsRepository } from '../claims.repository.js';
import { SummaryQueue } from '../summaries/summary.queue.js';
import { FinishingRepository, type FollowUps } from '../finishing.repository.js';
import { cancelled, estimateTokens, failed, type FailedAttempt, type Outcome } from '../outcomes.js';
import { type Prompt, PromptsService } from '../prompts.service.js';
import type { ReplyErrorCode } from '../reply-errors.js';
import { FINISHED_SIGNAL } from '../reply-signals.js';
import { ReplyQueue } from '../reply.queue.js';
import { BudgetService } from '../usage/budget.service.js';
import { CancelRequestedError, LeaseLostError, LeasesService, WorkerStoppingError } from './leases.service.js';
import { Progress } from './progress.js';
import { ReplyPublisher } from './reply-publisher.js';
import { retryDelay } from './retry-delay.js';

const FINISH_ATTEMPTS = 60;
const FINISH_RETRY_MS = 500;

/** The model ended its answer without visible text, and not because of a filter. */
class EmptyAnswerError extends Error {
  override readonly name = 'EmptyAnswerError';

  /** @param retryable false when thoughts used up the output limit: another attempt would use it up as well */
  constructor(readonly retryable: boolean) {
    super('The answer has no visible text');
  }
}

/** The meaning of an error for its attempt. */
interface Diagnosis {
  readonly code: ReplyErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;
  readonly isServerError: boolean;
}

/** Writes replies: claims one, asks the model, streams the answer, and finishes the reply. */
@Injectable()
export class ReplyWriterService {
  private readonly logger = new Logger(ReplyWriterService.name);
  /**
   * Replies that begin or finish all at once wait here and not for the pool, which would give up on them and on the
   * renewal of their leases.
   */
  private readonly atDatabase: LimitFunction;

  constructor(
    private readonly claims: ClaimsRepository,
    private readonly replies: FinishingRepository,
    private readonly queue: ReplyQueue,
    private readonly summaries: SummaryQueue,
    private readonly gemini: GeminiClient,
    private readonly plans: PlansService,
    private readonly budget: BudgetService,
    private readonly leases: LeasesService,
    private readonly streams: StreamStore,
    private readonly prompts: PromptsService,
    private readonly cancellation: CancellationService,
    private readonly signals: Signals,
    private readonly metrics: Metrics,
    @InjectConfig() private readonly config: Config,
  ) {
    this.atDatabase = pLimit(Math.floor(config.DATABASE_POOL_SIZE / 2));
  }

  /** Works on a reply if it can be claimed now. Safe to call for any reply, any number of times, from any process. */
  async work(replyId: string): Promise<void> {
    const claim = await this.atDatabase(() => this.claims.claim(replyId));
    if ('reason' in claim) {
      // A finished reply adds the job of the next one. Nothing does so at the end of a lease, a back-off or a pause.
      if (claim.reason === 'not_yet')
        await this.queue.add({ replyId, plan: claim.plan }, { cause: 'wait', n: claim.attempt, delayMs: claim.forMs });
      return;
    }
    if (claim.isCancelled) await this.finish(claim, await this.cancellation.outcomeOf(claim));
    else if (claim.countedAttempts > this.config.REPLY_MAX_ATTEMPTS) await this.finish(claim, failed('attempts_exhausted'));
    // This holds for replies that were accepted earlier too: a long queue must not overshoot the budget. The unit is
    // refunded, and an administrator can retry the reply.
    else if (await this.budget.isReached()) await this.finish(claim, failed('service_budget_reached'));
    else await this.write(claim);
  }

  private async write(claim: Claim): Promise<void> {
    const progress = new Progress(claim);
    const publisher = new ReplyPublisher(this.streams, claim.replyId, claim.attempt);
    await this.leases.hold(progress, async () => {
      try {
        await this.finish(claim, await this.generate(progress, publisher), progress.summaryAt);
        await publisher.end();
      } catch (error) {
        publisher.stop();
        await this.recover(progress, error);
      }
    });
  }

  private async generate(progress: Progress, publisher: ReplyPublisher): Promise<Outcome> {
    const { claim } = progress;
    const prompt = await this.atDatabase(() => this.prompts.promptOf(claim));
    const end = await this.ask(prompt, progress, publisher).catch(async (error: unknown) => {
      if (!(error instanceof GeminiError && error.code === 'request_rejected' && prompt.followsRefusal)) throw error;
      // This is the second refusal on the branch. The model may refuse an earlier message without an answer, which must
      // not block the branch.
      const answered = await this.atDatabase(() => this.prompts.promptOf({ ...claim, isSuspect: true }));
      if (answered.turns.length === prompt.turns.length) throw error;
      return this.ask(answered, progress, publisher);
    });
    if (end.finishReason !== 'content-filter' && !hasVisibleText(progress.content)) {
      throw new EmptyAnswerError(end.finishReason !== 'length');
    }
    return {
      status: end.finishReason === 'content-filter' ? 'blocked' : 'completed',
      content: progress.content,
      finishReason: end.finishReason,
      blockReason: end.blockReason,
      errorCode: null,
      usage: progress.usage,
      wasted: null,
      context: progress.context,
      firstTokenAt: progress.firstTokenAt,
      refund: false,
    };
  }

  private async ask(
    { turns, systemInstruction, context, summaryAt, bytes }: Prompt,
    progress: Progress,
    publisher: ReplyPublisher,
  ): Promise<Extract<GenerateEvent, { type: 'end' }>> {
    const { claim, abort } = progress;
    const { model, plan } = claim;
    const { maxOutputTokens } = this.plans.limitsOf(plan);
    Object.assign(progress, { context, summaryAt, promptBytes: bytes });
    let end: Extract<GenerateEvent, { type: 'end' }> | null = null;
    for await (const event of this.gemini.stream({ model, systemInstruction, turns, maxOutputTokens, signal: abort.signal })) {
      if (event.type === 'end') end = event;
      else {
        progress.add(event.text);
        publisher.push(event.text);
      }
    }
    if (!end) throw new Error('The stream of the model has no end event');
    progress.usage = end.usage ? { ...end.usage, estimated: false } : estimateTokens(bytes, progress.content);
    return end;
  }

  private async recover(progress: Progress, error: unknown): Promise<void> {
    const { claim, wasted } = progress;
    if (error instanceof LeaseLostError) return;
    if (error instanceof CancelRequestedError) {
      const { content, context, promptBytes, firstTokenAt } = progress;
      await this.finish(claim, {
        ...cancelled({ content, isRefunded: firstTokenAt === null }),
        usage: context && estimateTokens(promptBytes, content),
        context,
        firstTokenAt,
      });
      return;
    }
    if (error instanceof WorkerStoppingError) {
      await this.retry(claim, 0, { reason: 'worker_stopped', wasted });
      return;
    }
    const { code, retryable, retryAfterMs, isServerError } = this.diagnose(claim, error);
    // A used-up daily quota asks for a wait too, but gets no pause: every later reply would wait before it fails.
    if (retryable && retryAfterMs !== null) await this.claims.pauseModel(claim.model, retryAfterMs);
    if (!retryable || claim.countedAttempts >= this.config.REPLY_MAX_ATTEMPTS)
      await this.finish(claim, failed(code, wasted, isServerError));
    else {
      const delayMs = retryDelay({ attempt: claim.countedAttempts, baseMs: this.config.REPLY_RETRY_DELAY, atLeastMs: retryAfterMs ?? 0 });
      await this.retry(claim, delayMs, { reason: code, wasted, isServerError });
    }
  }

  private diagnose({ replyId, attempt }: Claim, error: unknown): Diagnosis {
    if (error instanceof GeminiError) {
      this.logger.warn(`reply ${replyId}, attempt ${attempt}: ${error.code}`);
      const { code, retryable, retryAfterMs, status } = error;
      // A server that says when to retry does not fail because of the message.
      const isServerError = status !== null && status >= 500 && retryAfterMs === null;
      const isTooLong = retryable && retryAfterMs !== null && retryAfterMs > this.config.GEMINI_MAX_WAIT;
      return { code: isTooLong ? 'model_quota_exhausted' : code, retryable: retryable && !isTooLong, retryAfterMs, isServerError };
    }
    if (error instanceof EmptyAnswerError) {
      this.logger.warn(`reply ${replyId}, attempt ${attempt}: ${error.message}`);
      return { code: 'empty_answer', retryable: error.retryable, retryAfterMs: null, isServerError: false };
    }
    // The model is not at fault: a bug, or a part that is unavailable. The attempts are bounded either way.
    this.logger.error(error, { reply_id: replyId, attempt });
    return { code: 'attempts_exhausted', retryable: true, retryAfterMs: null, isServerError: false };
  }

  private async retry(claim: Claim, delayMs: number, failure: FailedAttempt): Promise<void> {
    if (await this.claims.release(claim, { ...failure, delayMs }))
      await this.queue.add(claim, { cause: 'retry', n: claim.attempt, delayMs });
  }

  private async finish(claim: Claim, outcome: Outcome, summaryAt: string | null = null): Promise<void> {
    const followUps = await this.store(claim, outcome, summaryAt);
    if (!followUps) return;
    this.metrics.replies.inc({ status: outcome.status });
    this.signals.publish(FINISHED_SIGNAL, claim.replyId);
    if (followUps.nextReplyId) {
      await this.queue.add({ replyId: followUps.nextReplyId, plan: claim.plan }, { cause: 'next', n: claim.depth });
    }
    for (const task of followUps.summaryTasks) await this.summaries.add(task);
  }

  /**
   * The answer was paid for, so it is kept while the database is unavailable, and written again. The fence refuses it
   * if another worker was faster.
   */
  private async store(claim: Claim, outcome: Outcome, summaryAt: string | null): Promise<FollowUps | null> {
    for (let attempts = 1; ; attempts += 1) {
      try {
        return await this.atDatabase(() => this.replies.finish(claim, outcome, summaryAt));
      } catch (error) {
        if (!isDatabaseUnavailable(error) || attempts === FINISH_ATTEMPTS) throw error;
        await setTimeout(FINISH_RETRY_MS);
      }
    }
  }
}
