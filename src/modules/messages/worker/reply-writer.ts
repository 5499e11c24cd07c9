import { setTimeout } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import pLimit, { type LimitFunction } from 'p-limit';
import { Metrics } from '../../../common/metrics/metrics.js';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { isDatabaseUnavailable } from '../../../database/database.errors.js';
import { GeminiClient, GeminiError, type GenerateEvent } from '../../../integrations/gemini/index.js';
import { Signals } from '../../../streams/signals.js';
import { StreamStore } from '../../../streams/stream-store.js';
import { PlansService } from '../../subscriptions/index.js';
import { Cancellation } from '../cancellation.js';
import { DigestQueue } from '../digests/digest.queue.js';
import { cancelled, estimateTokens, failed } from '../outcomes.js';
import { Prompts } from '../prompts.js';
import { type Claim, type Ended, type Outcome, RepliesRepository } from '../replies.repository.js';
import type { ReplyErrorCode } from '../reply-errors.js';
import { FINISHED_SIGNAL } from '../reply-signals.js';
import { ReplyQueue } from '../reply.queue.js';
import { Budget } from '../usage/budget.js';
import { CancelRequestedError, LeaseLostError, Leases, WorkerStoppingError } from './leases.js';
import { Progress } from './progress.js';
import { ReplyPublisher } from './reply-publisher.js';
import { retryDelay } from './retry-delay.js';

const FINISH_TRIES = 60;
const FINISH_RETRY_MS = 500;

/** Makes replies: claims one, asks the model, lets readers read along, and ends it. */
@Injectable()
export class ReplyWriter {
  private readonly logger = new Logger(ReplyWriter.name);
  /** Replies that begin or end all at once wait here rather than at the pool, which would give up on them, and on the renewal of their leases. */
  private readonly atDatabase: LimitFunction;

  constructor(
    private readonly replies: RepliesRepository,
    private readonly queue: ReplyQueue,
    private readonly digests: DigestQueue,
    private readonly gemini: GeminiClient,
    private readonly plans: PlansService,
    private readonly budget: Budget,
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
    const { claim, abort } = progress;
    const { model, plan } = claim;
    const { maxOutputTokens } = this.plans.limitsOf(plan);
    const { turns, systemInstruction, context, foldAt, bytes } = await this.atDatabase(() => this.prompts.promptOf(claim));
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
    return {
      status: end.finishReason === 'content-filter' ? 'blocked' : 'completed',
      content: progress.content,
      finishReason: end.finishReason,
      blockReason: end.blockReason,
      errorCode: null,
      usage: end.usage ? { ...end.usage, estimated: false } : estimateTokens(progress.promptBytes, progress.content),
      wasted: null,
      context: progress.context,
      firstTokenAt: progress.firstTokenAt,
      refund: false,
    };
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
      await this.retry(claim, { delayMs: 0, reason: 'worker_stopped', wasted });
      return;
    }
    const { code, retryable, retryAfterMs } = this.diagnose(claim, error);
    // Not for a quota per day, which asks for a wait too: nothing would be won, and every later reply would wait before it fails.
    if (retryable && retryAfterMs !== null) await this.replies.pauseModel(claim.model, retryAfterMs);
    if (!retryable || claim.tries >= this.config.REPLY_MAX_ATTEMPTS) await this.end(claim, failed(code, wasted));
    else {
      const delayMs = retryDelay({ attempt: claim.tries, baseMs: this.config.REPLY_RETRY_DELAY, atLeastMs: retryAfterMs ?? 0 });
      await this.retry(claim, { delayMs, reason: code, wasted });
    }
  }

  private diagnose({ replyId, attempt }: Claim, error: unknown): { code: ReplyErrorCode; retryable: boolean; retryAfterMs: number | null } {
    if (error instanceof GeminiError) {
      this.logger.warn(`reply ${replyId}, attempt ${attempt}: ${error.code}`);
      return error;
    }
    // Not the model's doing: a fault of ours, or a part that is away. The tries are bounded either way.
    this.logger.error(error, { reply_id: replyId, attempt });
    return { code: 'attempts_exhausted', retryable: true, retryAfterMs: null };
  }

  private async retry(claim: Claim, why: Parameters<RepliesRepository['release']>[1]): Promise<void> {
    if (await this.replies.release(claim, why)) await this.queue.add(claim, 'retry', claim.attempt, why.delayMs);
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
