import { Injectable, Logger } from '@nestjs/common';
import type { Plan } from '../../common/actor.js';
import { Signals } from '../../streams/signals.js';
import { LiveEventsService } from '../live-events/index.js';
import type { Attempt } from './claims.repository.js';
import { type CancellableReply, FinishingRepository } from './finishing.repository.js';
import { cancelled, estimateTokens, type Outcome } from './outcomes.js';
import { type PromptedReply, PromptsService } from './prompts.service.js';
import { CANCEL_SIGNAL, FINISHED_SIGNAL } from './reply-signals.js';
import { GrowingReply } from './reply-parts.js';
import { ReplyQueue } from './reply.queue.js';
import { ReplyWaiterService } from './reply-waiter.service.js';
import { ReplyStreamsService } from './stream/reply-streams.service.js';

/**
 * The time that a worker gets to finish a cancelled reply. It learns of the request at once, or at its next renewal.
 */
const WORKER_MS = 8_000;

/** Finishes replies that the user cancels. */
@Injectable()
export class CancellationService {
  private readonly logger = new Logger(CancellationService.name);

  constructor(
    private readonly replies: FinishingRepository,
    private readonly queue: ReplyQueue,
    private readonly signals: Signals,
    private readonly events: LiveEventsService,
    private readonly waiter: ReplyWaiterService,
    private readonly streams: ReplyStreamsService,
    private readonly prompts: PromptsService,
  ) {}

  /**
   * Cancels a reply, or every unfinished reply of the room. Resolves when they are finished, or when a worker does not
   * answer, which then finishes its reply later.
   *
   * @returns the ids of the replies that were unfinished
   */
  async cancel(userId: string, wanted: { readonly chatroomId: string; readonly replyId?: string }): Promise<string[]> {
    const replies = await this.replies.requestCancel(userId, wanted);
    await Promise.all(replies.map((reply) => (reply.isHeld ? this.askWorker(reply) : this.finish(reply, userId, wanted.chatroomId))));
    return replies.map(({ replyId }) => replyId);
  }

  /**
   * The outcome of a cancelled reply that no worker holds any more: the text that its stream still has and, if its
   * worker died, an estimate of the tokens that it consumed.
   */
  async outcomeOf(reply: Attempt & PromptedReply & { readonly hasBegun: boolean; readonly isReleased?: boolean }): Promise<Outcome> {
    const seen = reply.attempt === 0 ? new GrowingReply() : await this.streams.partsOf(reply.replyId);
    const hasBegun = seen.parts.length > 0 || reply.hasBegun;
    const outcome = cancelled({ reply: seen, isRefunded: !hasBegun });
    if (!hasBegun || reply.isReleased) return outcome;
    const { bytes, context } = await this.prompts.promptOf(reply);
    return { ...outcome, usage: estimateTokens(bytes, seen), context };
  }

  private async askWorker({ replyId }: CancellableReply): Promise<void> {
    const finished = this.waiter.wait(replyId, { ms: WORKER_MS });
    this.signals.publish(CANCEL_SIGNAL, replyId);
    await finished;
  }

  private async finish(reply: CancellableReply, userId: string, chatroomId: string): Promise<void> {
    const outcome = await this.outcomeOf(reply);
    const followUps = await this.replies.finish(reply, outcome);
    if (followUps === null) await this.askWorker(reply);
    else {
      this.signals.publish(FINISHED_SIGNAL, reply.replyId);
      this.events.changed(userId, followUps.listVersion, {
        type: 'reply.finished',
        chatroom_id: chatroomId,
        message_id: reply.replyId,
        status: outcome.status,
      });
      if (followUps.nextReplyId) await this.enqueue({ replyId: followUps.nextReplyId, plan: reply.plan }, reply.attempt);
    }
  }

  private async enqueue(reply: { replyId: string; plan: Plan }, n: number): Promise<void> {
    await this.queue.add(reply, { cause: 'next', n }).catch((error: unknown) => {
      this.logger.warn(`no job for reply ${reply.replyId}, left to the sweeper: ${String(error)}`);
    });
  }
}
