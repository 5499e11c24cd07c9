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
import { Cancellation } from '../cancellation.js';
import { SummaryQueue } from '../summaries/summary.queue.js';
import { cancelled, estimateTokens, failed } from '../outcomes.js';
import { type Prompt, Prompts } from '../prompts.js';
import { type Claim, type Ended, type FailedTry, type Outcome, RepliesRepository } from '../replies.repository.js';
import type { ReplyErrorCode } from '../reply-errors.js';
import { FINISHED_SIGNAL } from '../reply-signals.js';
import { ReplyQueue } from '../reply.queue.js';
import { BudgetService } from '../usage/budget.service.js';
import { CancelRequestedError, LeaseLostError, Leases, WorkerStoppingError } from './leases.js';
import { Progress } from './progress.js';
import { ReplyPublisher } from './reply-publisher.js';
import { retryDelay } from './retry-delay.js';

const FINISH_TRIES = 60;
const FINISH_RETRY_MS = 500;

/** The model ended its answer without a filter and without anything to read. */
class EmptyAnswerError extends Error {
  override readonly name = 'EmptyAnswerError';

  /** @param retryable false where the output limit was used up, by thoughts: another try would use it up as well */
  constructor(readonly retryable: boolean) {
    super('the answer has no visible text');
  }
}

/** What an error says about a try. */
interface Diagnosis {
  readonly code: ReplyErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;
  readonly isServerError: boolean;
}

/** Makes replies: claims one, asks the model, lets readers read along, and ends it. */
@Injectable()
export class ReplyWriter {
  private readonly logger = new Logger(ReplyWriter.name);
  /** Replies that begin or end all at once wait here rather than at the pool, which would give up on them, and on the renewal of their leases. */
  private readonly atDatabase: LimitFunction;

  constructor(
    private readonly replies: RepliesRepository,
    private readonly queue: ReplyQueue,
    private readonly digests: SummaryQueue,
    private readonly gemini: GeminiClient,
    private readonly plans: PlansService,
    private readonly budget: BudgetService,
    private readonly leases: Leases,
    private readonly streams: StreamStore,
    private readonly prompts: Prompts,
    private readonly cancellation: Cancellation,
    private readonly signals: Signals,
    private readonly metrics: Metrics,
    @InjectConfig() private readonly config: Config,
  ) {
    this.atDatabase = pLimit(Math.floor(config.DATABASE_POOL_SIZE / 2));
  }

  /** Works on a reply if it is to be worked on now. Safe to call for any reply, any number of times, from any process. */
  async work(replyId: string): Promise<void> {
    const claim = await this.atDatabase(() => this.replies.claim(replyId));
    if ('reason' in claim) {
      // Finishing an earlier reply adds the next one's job; a lease, a back-off and a pause have nobody to do so.
      if (claim.reason === 'not_yet') await this.queue.add({ replyId, plan: claim.plan }, 'wait', claim.attempt, claim.forMs);
      return;
    }
    if (claim.isCancelled) await this.end(claim, await this.cancellation.outcomeOf(claim));
    else if (claim.tries > this.config.REPLY_MAX_ATTEMPTS) await this.end(claim, failed('attempts_exhausted'));
    // Also of one that was accepted before: a long queue must not overshoot the budget. It is given back, and an administrator can retry it.
    else if (await this.budget.isReached()) await this.end(claim, failed('service_budget_reached'));
    else await this.write(claim);
  }

  private async write(claim: Claim): Promise<void> {
    const progress = new Progress(claim);
    const publisher = new ReplyPublisher(this.streams, claim.replyId, claim.attempt);
    await this.leases.hold(progress, async () => {
      try {
        await this.end(claim, await this.generate(progress, publisher), progress.foldAt);
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
      // The second refusal on a branch: what the model refuses may be an earlier message that was never answered, and must not end the branch.
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
    { turns, systemInstruction, context, foldAt, bytes }: Prompt,
    progress: Progress,
    publisher: ReplyPublisher,
  ): Promise<Extract<GenerateEvent, { type: 'end' }>> {
    const { claim, abort } = progress;
    const { model, plan } = claim;
    const { maxOutputTokens } = this.plans.limitsOf(plan);
    Object.assign(progress, { context, foldAt, promptBytes: bytes });
    let end: Extract<GenerateEvent, { type: 'end' }> | null = null;
    for await (const event of this.gemini.stream({ model, systemInstruction, turns, maxOutputTokens, signal: abort.signal })) {
      if (event.type === 'end') end = event;
      else {
        progress.add(event.text);
        publisher.push(event.text);
      }
    }
    if (!end) throw new Error('a stream of the model without an end');
    progress.usage = end.usage ? { ...end.usage, estimated: false } : estimateTokens(bytes, progress.content);
    return end;
  }

  private async recover(progress: Progress, error: unknown): Promise<void> {
    const { claim, wasted } = progress;
    if (error instanceof LeaseLostError) return;
    if (error instanceof CancelRequestedError) {
      const { content, context, promptBytes, firstTokenAt } = progress;
      await this.end(claim, {
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
    // Not for a quota per day, which asks for a wait too: nothing would be won, and every later reply would wait before it fails.
    if (retryable && retryAfterMs !== null) await this.replies.pauseModel(claim.model, retryAfterMs);
    if (!retryable || claim.tries >= this.config.REPLY_MAX_ATTEMPTS) await this.end(claim, failed(code, wasted, isServerError));
    else {
      const delayMs = retryDelay({ attempt: claim.tries, baseMs: this.config.REPLY_RETRY_DELAY, atLeastMs: retryAfterMs ?? 0 });
      await this.retry(claim, delayMs, { reason: code, wasted, isServerError });
    }
  }

  private diagnose({ replyId, attempt }: Claim, error: unknown): Diagnosis {
    if (error instanceof GeminiError) {
      this.logger.warn(`reply ${replyId}, attempt ${attempt}: ${error.code}`);
      const { code, retryable, retryAfterMs, status } = error;
      // A server that says when to come again does not fail over the message.
      const isServerError = status !== null && status >= 500 && retryAfterMs === null;
      const isTooLong = retryable && retryAfterMs !== null && retryAfterMs > this.config.GEMINI_MAX_WAIT;
      return { code: isTooLong ? 'model_quota_exhausted' : code, retryable: retryable && !isTooLong, retryAfterMs, isServerError };
    }
    if (error instanceof EmptyAnswerError) {
      this.logger.warn(`reply ${replyId}, attempt ${attempt}: ${error.message}`);
      return { code: 'empty_answer', retryable: error.retryable, retryAfterMs: null, isServerError: false };
    }
    // Not the model's doing: a fault of ours, or a part that is away. The tries are bounded either way.
    this.logger.error(error, { reply_id: replyId, attempt });
    return { code: 'attempts_exhausted', retryable: true, retryAfterMs: null, isServerError: false };
  }

  private async retry(claim: Claim, delayMs: number, failure: FailedTry): Promise<void> {
    if (await this.replies.release(claim, { ...failure, delayMs })) await this.queue.add(claim, 'retry', claim.attempt, delayMs);
  }

  private async end(claim: Claim, outcome: Outcome, foldAt: string | null = null): Promise<void> {
    const ended = await this.finish(claim, outcome, foldAt);
    if (!ended) return;
    this.metrics.replies.inc({ status: outcome.status });
    this.signals.publish(FINISHED_SIGNAL, claim.replyId);
    if (ended.nextReplyId) await this.queue.add({ replyId: ended.nextReplyId, plan: claim.plan }, 'next', claim.depth);
    for (const digest of ended.digests) await this.digests.add(digest);
  }

  /** The answer was paid for: while the database is away it is kept and offered again. The fence refuses it if somebody else was faster. */
  private async finish(claim: Claim, outcome: Outcome, foldAt: string | null): Promise<Ended | null> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.atDatabase(() => this.replies.finish(claim, outcome, foldAt));
      } catch (error) {
        if (!isDatabaseUnavailable(error) || tries === FINISH_TRIES) throw error;
        await setTimeout(FINISH_RETRY_MS);
      }
    }
  }
}
