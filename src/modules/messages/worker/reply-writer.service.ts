import { setTimeout } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import pLimit, { type LimitFunction } from 'p-limit';
import { continueRequest } from '../../../common/request-context.js';
import { traced } from '../../../common/tracing/tracing.js';
import { hasVisibleText } from '../../../common/visible-text.js';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { isDatabaseUnavailable } from '../../../database/database.errors.js';
import { GeminiClient, GeminiError, type GenerateEvent } from '../../../integrations/gemini/index.js';
import { Signals } from '../../../streams/signals.js';
import { StreamStore } from '../../../streams/stream-store.js';
import { AttachmentLostError } from '../../attachments/index.js';
import { LiveEventsService } from '../../live-events/index.js';
import { PlansService, type ReplyOptions } from '../../subscriptions/index.js';
import { CancellationService } from '../cancellation.service.js';
import { type Attempt, type Claim, ClaimsRepository } from '../claims.repository.js';
import { type Turn, withOlderFilesNamed } from '../context.js';
import { SummaryQueue } from '../summaries/summary.queue.js';
import { FinishingRepository, type FollowUps } from '../finishing.repository.js';
import { LostAttemptsRepository } from '../lost-attempts.repository.js';
import { cancelled, estimateTokens, failed, type FailedAttempt, type Outcome } from '../outcomes.js';
import { type Prompt, type PromptedReply, PromptsService } from '../prompts.service.js';
import type { ReplyErrorCode } from '../reply-errors.js';
import { FINISHED_SIGNAL } from '../reply-signals.js';
import { ReplyQueue } from '../reply.queue.js';
import { BudgetService } from '../usage/budget.service.js';
import { ModelMetrics } from '../usage/model-metrics.service.js';
import type { Tokens } from '../usage/prices.service.js';
import { CancelRequestedError, LeaseLostError, LeasesService, WorkerStoppingError } from './leases.service.js';
import { ModelFilesService } from './model-files.service.js';
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

/** A reply as the model makes it by itself. */
const PLAIN: ReplyOptions = { webSearch: false, reasoning: null };

const isRejection = (error: unknown): boolean => error instanceof GeminiError && error.code === 'request_rejected';
const isRejectionOfFile = (error: unknown): boolean => error instanceof GeminiError && error.code === 'attachment_rejected';

type AnswerEnd = Extract<GenerateEvent, { type: 'end' }>;

/** What the model is asked, and the facts that the prompt was made of. */
interface Asked {
  readonly of: PromptedReply;
  readonly prompt: Prompt;
  readonly options: ReplyOptions;
}

const without = (of: PromptedReply, { attachmentId }: AttachmentLostError): PromptedReply => ({
  ...of,
  lostFiles: new Set([...(of.lostFiles ?? []), attachmentId]),
});

/** The prompt without the signatures, which a model may refuse. */
const plain = (prompt: Prompt): Prompt => ({ ...prompt, turns: prompt.turns.map((turn): Turn => ({ ...turn, signatures: null })) });

/** The fields of log lines about an attempt. */
const fieldsOf = ({ replyId, attempt, model }: Attempt) => ({ reply_id: replyId, attempt, model });

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
    private readonly lost: LostAttemptsRepository,
    private readonly queue: ReplyQueue,
    private readonly summaries: SummaryQueue,
    private readonly gemini: GeminiClient,
    private readonly plans: PlansService,
    private readonly budget: BudgetService,
    private readonly leases: LeasesService,
    private readonly streams: StreamStore,
    private readonly prompts: PromptsService,
    private readonly files: ModelFilesService,
    private readonly cancellation: CancellationService,
    private readonly signals: Signals,
    private readonly events: LiveEventsService,
    private readonly metrics: ModelMetrics,
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
    continueRequest(claim);
    const attributes = { reply_id: replyId, attempt: claim.attempt, 'gen_ai.request.model': claim.model };
    // The parent is that of the row and not of the job, so that retries and what the sweeper found are in the trace.
    await traced('reply attempt', { kind: 'consumer', parent: claim.traceparent, attributes }, () => this.attempt(claim));
  }

  private async attempt(claim: Claim): Promise<void> {
    if (claim.isCancelled) await this.finish(claim, await this.cancellation.outcomeOf(claim));
    else if (claim.countedAttempts > this.config.REPLY_MAX_ATTEMPTS) await this.finish(claim, failed('attempts_exhausted'));
    // This holds for replies that were accepted earlier too: a long queue must not overshoot the budget. The unit is
    // refunded, and an administrator can retry the reply.
    else if (await this.budget.isReached()) await this.finish(claim, failed('service_budget_reached'));
    else {
      const { userId, chatroomId: chatroom_id, listVersion } = claim;
      this.events.happened(userId, listVersion, { type: 'reply.started', chatroom_id, message_id: claim.replyId });
      await this.write(claim);
    }
  }

  private async write(claim: Claim): Promise<void> {
    const progress = new Progress(claim);
    const publisher = new ReplyPublisher(this.streams, progress.reply, claim.replyId, claim.attempt);
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
    const options = this.plans.offeredOf(claim.plan, claim.model, claim);
    const prompt = await this.promptOf(claim, progress.abort.signal);
    const end = await this.askUntilAnswered({ of: claim, prompt, options }, progress, publisher);
    const { content, reasoning, partLengths } = progress.reply;
    if (end.finishReason !== 'content-filter' && !hasVisibleText(content)) throw new EmptyAnswerError(end.finishReason !== 'length');
    return {
      status: end.finishReason === 'content-filter' ? 'blocked' : 'completed',
      content,
      finishReason: end.finishReason,
      blockReason: end.blockReason,
      errorCode: null,
      usage: progress.usage,
      wasted: null,
      context: progress.context,
      firstTokenAt: progress.firstTokenAt,
      details: {
        reasoning,
        partLengths,
        sources: end.webSearch?.sources ?? null,
        searchSuggestions: end.webSearch?.suggestions ?? null,
        thoughtSignatures: end.thoughtSignatures.length > 0 ? end.thoughtSignatures : null,
        firstThoughtAt: progress.firstThoughtAt,
      },
      refund: false,
    };
  }

  /**
   * Asks the model, and asks for less where it refuses something, until it begins to answer: no other answer can follow
   * one that the user may have read.
   */
  private async askUntilAnswered(asked: Asked, progress: Progress, publisher: ReplyPublisher): Promise<AnswerEnd> {
    for (;;) {
      try {
        return await this.ask(asked, progress, publisher);
      } catch (error) {
        const less = progress.hasBegun ? null : await this.lessOf(asked, error, progress);
        if (less === null) throw error;
        asked = less;
      }
    }
  }

  /** What is asked after an error without the part that may have caused it; null where there is no such part. */
  private async lessOf({ of, prompt, options }: Asked, error: unknown, { claim, abort }: Progress): Promise<Asked | null> {
    if (error instanceof AttachmentLostError) {
      // An earlier message must not block the branch. The newest one is not answered without its file.
      if (prompt.turns.at(-1)?.files?.some(({ id }) => id === error.attachmentId)) return null;
      const rest = without(of, error);
      return { of: rest, prompt: await this.promptOf(rest, abort.signal), options };
    }
    if (isRejectionOfFile(error)) {
      // An earlier message may have a file that this model cannot read, which must not block the branch.
      const turns = withOlderFilesNamed(prompt.turns);
      if (turns.every((turn, i) => turn === prompt.turns[i])) return null;
      const sent = turns.at(-1)?.files?.length ?? 0;
      const { filesSent, filesOmitted } = prompt.context;
      const context = { ...prompt.context, filesSent: sent, filesOmitted: filesOmitted + filesSent - sent };
      return { of, prompt: { ...prompt, turns, context }, options };
    }
    if (!isRejection(error)) return null;
    if (options.webSearch || options.reasoning !== null || prompt.turns.some(({ signatures }) => signatures)) {
      // The model may refuse the search, the level or a signature, and not the conversation, which must not suffer.
      this.logger.warn('the model refused a request, which is repeated without search and reasoning', fieldsOf(claim));
      return { of, prompt: plain(prompt), options: PLAIN };
    }
    if (!prompt.followsRefusal) return null;
    // This is the second refusal on the branch. The model may refuse an earlier message without an answer, which must
    // not block the branch.
    const answered = { ...of, isSuspect: true };
    const shorter = await this.promptOf(answered, abort.signal);
    return shorter.turns.length === prompt.turns.length ? null : { of: answered, prompt: plain(shorter), options: PLAIN };
  }

  /** The prompt of a reply, for which files are counted whose exact tokens decide. */
  private async promptOf(of: PromptedReply, signal: AbortSignal): Promise<Prompt> {
    for (;;) {
      const prompted = of;
      const prompt = await this.atDatabase(() => this.prompts.promptOf(prompted));
      if (prompt.uncounted.length === 0) return prompt;
      for (const { file, isNewest } of prompt.uncounted) {
        try {
          await this.files.count(file, of.model, signal);
        } catch (error) {
          if (!isNewest && isRejectionOfFile(error)) await this.files.noteUnreadable(file, of.model);
          else if (!isNewest && error instanceof AttachmentLostError) of = without(of, error);
          else throw error;
        }
      }
    }
  }

  private async ask(
    { prompt: { turns, systemInstruction, context, summaryAt, bytes }, options }: Asked,
    progress: Progress,
    publisher: ReplyPublisher,
  ): Promise<AnswerEnd> {
    const { claim, abort } = progress;
    const { model, plan } = claim;
    const { answerTokens, reasoningTokens } = this.plans.outputTokensOf(plan, options.reasoning);
    const maxOutputTokens = answerTokens + reasoningTokens;
    const request = { model, systemInstruction, maxOutputTokens, ...options, signal: abort.signal };
    Object.assign(progress, { context, summaryAt, promptBytes: bytes });
    const end = await this.files.withFiles(turns, { signal: abort.signal, hasBegun: () => progress.hasBegun }, async (turnsWithFiles) => {
      let last: AnswerEnd | null = null;
      for await (const event of this.gemini.stream({ ...request, turns: turnsWithFiles })) {
        if (event.type === 'end') last = event;
        else {
          progress.add(event);
          publisher.schedule();
        }
      }
      return last;
    });
    if (!end) throw new Error('The stream of the model has no end event');
    const usage = end.usage ? { ...end.usage, estimated: false } : estimateTokens(bytes, progress.reply);
    progress.usage = { ...usage, searches: end.webSearch?.queries ?? 0 };
    return end;
  }

  private async recover(progress: Progress, error: unknown): Promise<void> {
    const { claim, wasted } = progress;
    if (error instanceof LeaseLostError) {
      await this.countLost(claim, wasted);
      return;
    }
    if (error instanceof CancelRequestedError) {
      const { reply, context, promptBytes, firstTokenAt, firstThoughtAt } = progress;
      const outcome = cancelled({ reply, isRefunded: !progress.hasBegun });
      await this.finish(claim, {
        ...outcome,
        usage: context && estimateTokens(promptBytes, reply),
        context,
        firstTokenAt,
        details: { ...outcome.details, firstThoughtAt },
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

  private diagnose(claim: Claim, error: unknown): Diagnosis {
    const { model } = claim;
    if (error instanceof GeminiError) {
      this.metrics.errors.inc({ model, code: error.code });
      const { code, retryable, retryAfterMs, status, reason } = error;
      this.logger.warn('a call of the model failed', { ...fieldsOf(claim), vendor: 'gemini', status, reason, code });
      // A server that says when to retry does not fail because of the message.
      const isServerError = status !== null && status >= 500 && retryAfterMs === null;
      const isTooLong = retryable && retryAfterMs !== null && retryAfterMs > this.config.GEMINI_MAX_WAIT;
      return { code: isTooLong ? 'model_quota_exhausted' : code, retryable: retryable && !isTooLong, retryAfterMs, isServerError };
    }
    if (error instanceof EmptyAnswerError) {
      this.metrics.errors.inc({ model, code: 'empty_answer' });
      this.logger.warn('a call of the model gave no visible text', fieldsOf(claim));
      return { code: 'empty_answer', retryable: error.retryable, retryAfterMs: null, isServerError: false };
    }
    // The model is not at fault: a bug, or a part that is unavailable. The attempts are bounded either way.
    this.logger.error(error, fieldsOf(claim));
    return { code: 'attempts_exhausted', retryable: true, retryAfterMs: null, isServerError: false };
  }

  private async retry(claim: Claim, delayMs: number, failure: FailedAttempt): Promise<void> {
    if (await this.claims.release(claim, { ...failure, delayMs }))
      await this.queue.add(claim, { cause: 'retry', n: claim.attempt, delayMs });
    else await this.countLost(claim, failure.wasted);
  }

  /** The vendor bills an answer also when its reply was deleted, or taken by another worker, meanwhile. */
  private async countLost(claim: Claim, tokens: Tokens | null): Promise<void> {
    if (tokens !== null) await this.atDatabase(() => this.lost.count(claim, tokens));
  }

  private async finish(claim: Claim, outcome: Outcome, summaryAt: string | null = null): Promise<void> {
    const followUps = await this.store(claim, outcome, summaryAt);
    if (!followUps) {
      await this.countLost(claim, outcome.usage ?? outcome.wasted);
      return;
    }
    this.logFinish(claim, outcome);
    this.signals.publish(FINISHED_SIGNAL, claim.replyId);
    this.events.changed(claim.userId, followUps.listVersion, {
      type: 'reply.finished',
      chatroom_id: claim.chatroomId,
      message_id: claim.replyId,
      status: outcome.status,
    });
    if (followUps.nextReplyId) {
      await this.queue.add({ replyId: followUps.nextReplyId, plan: claim.plan }, { cause: 'next', n: claim.depth });
    }
    for (const task of followUps.summaryTasks) await this.summaries.add(task);
  }

  private logFinish(claim: Claim, { status, errorCode, finishReason, blockReason }: Outcome): void {
    const line = { ...fieldsOf(claim), status, error_code: errorCode, finish_reason: finishReason, block_reason: blockReason };
    if (status === 'failed') this.logger.warn('reply finished', line);
    else this.logger.log('reply finished', line);
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
