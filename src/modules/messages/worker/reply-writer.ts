import { setTimeout } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { GeminiClient, GeminiError, type GenerateEvent } from '../../../integrations/gemini/index.js';
import { isDatabaseUnavailable } from '../../../database/database.errors.js';
import { PlansService } from '../../subscriptions/index.js';
import { toTurns } from '../context.js';
import { type Claim, type Outcome, RepliesRepository } from '../replies.repository.js';
import { ReplyQueue } from '../reply.queue.js';
import type { ReplyErrorCode } from '../reply-errors.js';
import { LeaseLostError, Leases, WorkerStoppingError } from './leases.js';
import { retryDelay } from './retry-delay.js';

/** Works on one reply at a time for each caller: claims it, asks the model, and ends it. */
@Injectable()
export class ReplyWriter {
  private readonly logger = new Logger(ReplyWriter.name);

  constructor(
    private readonly replies: RepliesRepository,
    private readonly queue: ReplyQueue,
    private readonly gemini: GeminiClient,
    private readonly plans: PlansService,
    private readonly leases: Leases,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** Works on a reply if it is to be worked on now. Safe to call for any reply, any number of times, from any process. */
  async work(replyId: string): Promise<void> {
    const claim = await this.replies.claim(replyId);
    if ('reason' in claim) {
      // Finishing an earlier reply adds the next one's job; the end of a lease has nobody to do so.
      if (claim.reason === 'leased') await this.queue.add(replyId, 'lease', claim.attempt, claim.forMs);
      return;
    }
    if (claim.attempt > this.config.REPLY_MAX_ATTEMPTS) {
      await this.end(claim, failed('attempts_exhausted'));
      return;
    }
    await this.leases.hold(claim, async (signal) => {
      try {
        await this.end(claim, await this.generate(claim, signal));
      } catch (error) {
        await this.recover(claim, error);
      }
    });
  }

  private async generate(claim: Claim, signal: AbortSignal): Promise<Outcome> {
    const { contextTokens, maxOutputTokens } = this.plans.limitsOf(claim.plan);
    const path = await this.replies.path(claim, contextTokens);
    const turns = toTurns(path);
    const { model, systemInstruction } = claim;
    let content = '';
    let firstTokenAt: Date | null = null;
    let end: Extract<GenerateEvent, { type: 'end' }> | null = null;
    for await (const event of this.gemini.stream({ model, systemInstruction, turns, maxOutputTokens, signal })) {
      if (event.type === 'end') end = event;
      else {
        firstTokenAt ??= new Date();
        content += event.text;
      }
    }
    if (!end) throw new Error('a stream of the model without an end');
    return {
      status: end.finishReason === 'content-filter' ? 'blocked' : 'completed',
      content,
      finishReason: end.finishReason,
      blockReason: end.blockReason,
      errorCode: null,
      usage: end.usage && { ...end.usage, estimated: false },
      context: { turns: turns.length, trimmed: claim.depth - 1 - path.length, summarised: 0 },
      firstTokenAt,
      refund: false,
    };
  }

  private async recover(claim: Claim, error: unknown): Promise<void> {
    if (error instanceof LeaseLostError) return;
    if (error instanceof WorkerStoppingError) {
      if (await this.replies.release(claim, 0)) await this.queue.add(claim.replyId, 'retry', claim.attempt);
      return;
    }
    const { code, retryable, retryAfterMs } = this.diagnose(claim, error);
    if (!retryable || claim.attempt >= this.config.REPLY_MAX_ATTEMPTS) {
      await this.end(claim, failed(code));
      return;
    }
    const delayMs = retryDelay({ attempt: claim.attempt, baseMs: this.config.REPLY_RETRY_DELAY, atLeastMs: retryAfterMs ?? 0 });
    if (await this.replies.release(claim, delayMs)) await this.queue.add(claim.replyId, 'retry', claim.attempt, delayMs);
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

  private async end(claim: Claim, outcome: Outcome): Promise<void> {
    const ended = await this.finish(claim, outcome);
    if (ended?.nextReplyId) await this.queue.add(ended.nextReplyId, 'next', claim.depth);
  }

  /** The answer was paid for: while the database is away it is kept and offered again. The fence refuses it if somebody else was faster. */
  private async finish(claim: Claim, outcome: Outcome): Promise<{ nextReplyId: string | null } | null> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.replies.finish(claim, outcome);
      } catch (error) {
        if (!isDatabaseUnavailable(error) || tries === FINISH_TRIES) throw error;
        await setTimeout(FINISH_RETRY_MS);
      }
    }
  }
}

const FINISH_TRIES = 60;
const FINISH_RETRY_MS = 500;

const failed = (errorCode: ReplyErrorCode): Outcome => ({
  status: 'failed',
  content: '',
  finishReason: 'error',
  blockReason: null,
  errorCode,
  usage: null,
  context: null,
  firstTokenAt: null,
  refund: true,
});
