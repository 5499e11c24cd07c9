import { Injectable, Logger } from '@nestjs/common';
import type { Plan } from '../../common/actor.js';
import { Signals } from '../../streams/signals.js';
import { cancelled, estimateTokens } from './outcomes.js';
import { type PromptedReply, Prompts } from './prompts.js';
import { type Attempt, type Cancelling, type Outcome, RepliesRepository } from './replies.repository.js';
import { CANCEL_SIGNAL, FINISHED_SIGNAL } from './reply-signals.js';
import { ReplyQueue } from './reply.queue.js';
import { ReplyWaiter } from './reply-waiter.js';
import { ReplyStreamsService } from './stream/reply-streams.service.js';

/** The worker hears of the wish at once, or at its next renewal. */
const WORKER_MS = 8_000;

/** Ends unfinished replies because nobody wants them any more. */
@Injectable()
export class Cancellation {
  private readonly logger = new Logger(Cancellation.name);

  constructor(
    private readonly replies: RepliesRepository,
    private readonly queue: ReplyQueue,
    private readonly signals: Signals,
    private readonly waiter: ReplyWaiter,
    private readonly streams: ReplyStreamsService,
    private readonly prompts: Prompts,
  ) {}

  /**
   * Cancels a reply, or every unfinished one of a room (null). Resolves when they are ended; a worker that does not answer ends them later.
   *
   * @returns the ids of those that were unfinished
   */
  async cancel(userId: string, chatroomId: string, replyId: string | null): Promise<string[]> {
    const wanted = await this.replies.requestCancel(userId, chatroomId, replyId);
    await Promise.all(wanted.map((reply) => (reply.isHeld ? this.askWorker(reply) : this.end(reply))));
    return wanted.map((reply) => reply.replyId);
  }

  private async askWorker({ replyId }: Cancelling): Promise<void> {
    const finished = this.waiter.wait(replyId, WORKER_MS);
    this.signals.publish(CANCEL_SIGNAL, replyId);
    await finished;
  }

  /** How a cancelled reply ends that no worker has any more: with the text that is left in its stream and, if its worker died, what that consumed. */
  async outcomeOf(reply: Attempt & PromptedReply & { readonly hasBegun: boolean; readonly isLetGo?: boolean }): Promise<Outcome> {
    const content = reply.attempt === 0 ? '' : await this.streams.textOf(reply.replyId);
    const hasBegun = content !== '' || reply.hasBegun;
    const outcome = cancelled({ content, isRefunded: !hasBegun });
    if (!hasBegun || reply.isLetGo) return outcome;
    const { bytes, context } = await this.prompts.promptOf(reply);
    return { ...outcome, usage: estimateTokens(bytes, content), context };
  }

  /** Nobody works on it: it is ended here. */
  private async end(reply: Cancelling): Promise<void> {
    const ended = await this.replies.finish(reply, await this.outcomeOf(reply));
    if (ended === null) await this.askWorker(reply);
    else {
      this.signals.publish(FINISHED_SIGNAL, reply.replyId);
      if (ended.nextReplyId) await this.enqueue({ replyId: ended.nextReplyId, plan: reply.plan }, reply.attempt);
    }
  }

  private async enqueue(reply: { replyId: string; plan: Plan }, n: number): Promise<void> {
    await this.queue.add(reply, 'next', n).catch((error: unknown) => {
      this.logger.warn(`no job for reply ${reply.replyId}, left to the sweeper: ${String(error)}`);
    });
  }
}
