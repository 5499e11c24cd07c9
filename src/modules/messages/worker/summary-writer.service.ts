import { Injectable, Logger } from '@nestjs/common';
import { continueRequest } from '../../../common/request-context.js';
import { traced } from '../../../common/tracing/tracing.js';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { GeminiClient, GeminiError } from '../../../integrations/gemini/index.js';
import { AttachmentsService } from '../../attachments/index.js';
import { LiveEventsService } from '../../live-events/index.js';
import { PlansService } from '../../subscriptions/index.js';
import { type HistoryLimits, historyLimits, type PathMessage, toTurns } from '../context.js';
import { nameFiles } from '../model-files/file-budget.js';
import type { SummaryTask } from '../summaries/summary.queue.js';
import { type SummaryPrompt, summaryPrompt, titlePrompt, toSummary } from '../summaries/summary-prompts.js';
import { type SummaryClaim, type SummaryOutcome, SummariesRepository } from '../summaries/summaries.repository.js';
import { titleFromMessage, toTitle } from '../summaries/title-rules.js';
import { estimateTokens } from '../outcomes.js';
import { PathRepository } from '../path.repository.js';
import { BudgetService } from '../usage/budget.service.js';
import { ModelMetrics } from '../usage/model-metrics.service.js';
import { WorkerStoppingError } from './leases.service.js';
import { retryDelay } from './retry-delay.js';

/** An attempt that takes longer is aborted. The lease outlives it. */
const CALL_MS = 60_000;
const LEASE_MS = 90_000;
/** A title or a summary is waited for by nobody, and the conversation goes on without it. */
const MAX_ATTEMPTS = 3;
const RETRY_FACTOR = 5;
/** A message and its reply. */
const EXCHANGE = { tokens: 100_000, messages: 2 };
/**
 * The exchanges after which the model is asked for a title. After the last one the room is named by the user's own
 * words.
 */
const TITLE_REQUESTS = 3;
const FIRST_MESSAGES = { characters: 2_000, messages: 5 };

/** The input for a title or a summary. */
interface Material {
  readonly prompt: SummaryPrompt;
  /** The number of messages that it will cover. */
  readonly covered: number;
  /** @param isWhole false when the answer was cut at its limit */
  readonly read: (answer: string, isWhole: boolean) => string | null;
}

/** Writes titles and summaries of conversations, apart from the replies: nobody waits for them or is charged. */
@Injectable()
export class SummaryWriterService {
  private readonly logger = new Logger(SummaryWriterService.name);
  private readonly stopping = new AbortController();

  constructor(
    private readonly summaries: SummariesRepository,
    private readonly paths: PathRepository,
    private readonly attachments: AttachmentsService,
    private readonly gemini: GeminiClient,
    private readonly plans: PlansService,
    private readonly budget: BudgetService,
    private readonly events: LiveEventsService,
    private readonly metrics: ModelMetrics,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** Safe to call for any task, any number of times, from any process. */
  async work(task: SummaryTask): Promise<void> {
    const claim = await this.summaries.claim(task, LEASE_MS);
    if (claim === null) return;
    continueRequest(claim);
    const { kind, messageId, traceparent: parent } = claim;
    await traced(kind, { kind: 'consumer', parent, attributes: { message_id: messageId, attempt: claim.attempt } }, () =>
      this.attempt(claim),
    );
  }

  private async attempt(claim: SummaryClaim): Promise<void> {
    const budgetResetsIn = await this.budget.resetsInMs();
    if (budgetResetsIn !== null) await this.summaries.postpone(claim, { delayMs: budgetResetsIn, isCounted: false });
    else if (claim.attempt > MAX_ATTEMPTS || isPastLastTitle(claim)) await this.giveUp(claim, 'attempts_exhausted');
    else await this.write(claim);
  }

  /** Interrupts all work, which another process then does. */
  stop(): void {
    this.stopping.abort(new WorkerStoppingError());
  }

  private async write(claim: SummaryClaim): Promise<void> {
    try {
      await this.finish(claim, await this.ask(await this.materialOf(claim)));
    } catch (error) {
      if (error instanceof WorkerStoppingError) await this.summaries.postpone(claim, { delayMs: 0, isCounted: false });
      else await this.recover(claim, error);
    }
  }

  private async ask({ prompt, covered, read }: Material): Promise<SummaryOutcome> {
    const model = this.plans.digestModel;
    const { text, finishReason, usage } = await this.gemini.generate({
      model,
      systemInstruction: prompt.systemInstruction,
      turns: [{ role: 'user', text: prompt.text }],
      maxOutputTokens: prompt.maxOutputTokens,
      answerSchema: prompt.answerSchema,
      signal: AbortSignal.any([this.stopping.signal, AbortSignal.timeout(CALL_MS)]),
    });
    const isBlocked = finishReason === 'content-filter';
    return {
      content: isBlocked ? null : read(text, finishReason !== 'length'),
      covered,
      model,
      outcome: isBlocked ? 'blocked' : 'completed',
      reason: finishReason,
      tokens:
        usage ??
        estimateTokens(Buffer.byteLength(prompt.systemInstruction) + Buffer.byteLength(prompt.text), { content: text, reasoning: null }),
    };
  }

  private async materialOf({ messageId, kind, plan }: SummaryClaim): Promise<Material> {
    if (kind === 'title') {
      const path = await this.pathOf(messageId, EXCHANGE);
      return { prompt: titlePrompt(toTurns(path)), covered: path.length, read: toTitle };
    }
    const { historyTokens, summaryTokens } = this.plans.historyOf(plan, this.plans.digestModel);
    const path = await this.pathOf(messageId, historyLimits(historyTokens));
    const last = path.findLastIndex(({ summary }) => summary !== null);
    const before = path[last]?.summary ?? null;
    const said = path.slice(last + 1);
    return {
      prompt: summaryPrompt(before?.content ?? null, toTurns(said, { answeredOnly: true }), summaryTokens),
      covered: (before?.covered ?? 0) + said.length,
      read: (answer) => toSummary(answer, summaryTokens),
    };
  }

  /** The messages with the names of their files. */
  private async pathOf(messageId: string, limits: HistoryLimits): Promise<PathMessage[]> {
    const path = await this.paths.findPath(messageId, limits);
    return nameFiles(path, await this.attachments.listOfMessages(path.map(({ id }) => id)));
  }

  private async recover(claim: SummaryClaim, error: unknown): Promise<void> {
    const line = { kind: claim.kind, message_id: claim.messageId, attempt: claim.attempt, model: this.plans.digestModel };
    const isOfModel = error instanceof GeminiError;
    const { code, retryable, retryAfterMs } = isOfModel ? error : { code: 'attempts_exhausted', retryable: true, retryAfterMs: null };
    if (isOfModel) {
      this.metrics.errors.inc({ model: this.plans.digestModel, code: error.code });
      this.logger.warn('a call of the model failed', { ...line, vendor: 'gemini', status: error.status, reason: error.reason, code });
    } else this.logger.warn('a title or summary could not be made', error, line);
    if (!retryable || claim.attempt >= MAX_ATTEMPTS) {
      await this.giveUp(claim, code);
      return;
    }
    const baseMs = this.config.REPLY_RETRY_DELAY * RETRY_FACTOR;
    await this.summaries.postpone(claim, {
      delayMs: retryDelay({ attempt: claim.attempt, baseMs, atLeastMs: retryAfterMs ?? 0 }),
      isCounted: true,
    });
  }

  private async giveUp(claim: SummaryClaim, reason: string): Promise<void> {
    await this.finish(claim, { content: null, covered: 0, model: this.plans.digestModel, outcome: 'failed', reason, tokens: null });
  }

  /**
   * A room that got no title waits for its next exchange. After the last one it is named by the beginning of the first
   * message of its user that can name it.
   */
  private async finish(claim: SummaryClaim, outcome: SummaryOutcome): Promise<void> {
    const isLastTitle = claim.kind === 'title' && claim.titleRequests >= TITLE_REQUESTS;
    const content = outcome.content ?? (isLastTitle ? await this.titleFromMessages(claim) : null);
    const titled = await this.summaries.finish(claim, { ...outcome, content });
    if (titled) this.events.changed(titled.userId, titled.listVersion, { type: 'chatroom.updated', chatroom_id: titled.chatroomId });
    const { kind, messageId: message_id, attempt } = claim;
    this.logger.log('title or summary finished', {
      kind,
      message_id,
      attempt,
      model: outcome.model,
      outcome: outcome.outcome,
      reason: outcome.reason,
    });
  }

  private async titleFromMessages({ messageId }: SummaryClaim): Promise<string | null> {
    const contents = await this.summaries.firstContents(messageId, FIRST_MESSAGES);
    return contents.map(titleFromMessage).find((title) => title !== null) ?? null;
  }
}

/** The last request was interrupted while it finished, or no message of the user could name the room. */
const isPastLastTitle = ({ kind, titleRequests }: SummaryClaim): boolean => kind === 'title' && titleRequests > TITLE_REQUESTS;
