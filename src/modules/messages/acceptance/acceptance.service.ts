import { Injectable } from '@nestjs/common';
import { NotFoundError } from '../../../common/errors/common.errors.js';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { sqlState } from '../../../database/database.errors.js';
import { RepeatedKeyError } from '../../../database/idempotency-keys.js';
import { LiveEventsService } from '../../live-events/index.js';
import { type Exchange, MAX_SIBLINGS, type Message, NO_OUTCOME } from '../message.js';
import {
  DailyLimitReachedError,
  FairUseLimitReachedError,
  NotAReplyError,
  NotAUserMessageError,
  TooManyBranchesError,
  TooManyPendingRepliesError,
} from '../messages.errors.js';
import { BudgetService } from '../usage/budget.service.js';
import { AcceptanceRepository } from './acceptance.repository.js';
import { AcceptanceBatchesService } from './acceptance-batches.service.js';
import type { NewAlternative, NewBranch, NewMessage, NewReply } from './new-message.js';
import type { AcceptedRow, BranchedRow } from './steps.js';

/** An accepted message and its pending reply. */
export interface Accepted {
  readonly messageId: string;
  readonly replyId: string;
  /** Present where acceptance knows all of it, so that it need not be read. */
  readonly exchange?: Exchange;
}

const NOT_NULL_VIOLATION = '23502';
/** Each attempt that finds the tree changed means that another request was accepted. */
const MAX_ATTEMPTS = 100;

/** Accepts messages: what is accepted here is answered exactly once, and what is refused here costs nothing. */
@Injectable()
export class AcceptanceService {
  constructor(
    private readonly acceptance: AcceptanceRepository,
    private readonly batches: AcceptanceBatchesService,
    private readonly budget: BudgetService,
    private readonly events: LiveEventsService,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * Commits the message, its quota unit and its pending reply together, or nothing.
   *
   * @throws NotFoundError, DailyLimitReachedError, TooManyPendingRepliesError, FairUseLimitReachedError,
   *   ServiceBudgetReachedError, and an error that `isRepeatedKey` knows
   */
  async acceptMessage(input: NewMessage): Promise<Accepted> {
    await this.budget.assertNotReached();
    const { messageId, replyId } = input;
    // A batch takes messages without attachments, which are most.
    const accepted = input.attachments.length > 0 ? null : await this.batches.accept(input);
    if (accepted) {
      const { position } = accepted;
      if (position === null) throw new RepeatedKeyError();
      this.tell(input, { messageId, replyId }, accepted);
      return { messageId, replyId, exchange: toExchange(input, { ...accepted, position }) };
    }
    const row = await this.accept(input, () => this.acceptance.acceptMessage(input));
    const position = positionOf(row);
    this.tell(input, { messageId, replyId }, row);
    return { messageId, replyId, exchange: toExchange(input, { ...row, position }) };
  }

  /**
   * Commits a message on a branch of its own, with its quota unit and its pending reply, or nothing.
   *
   * @throws as `acceptMessage`, and TooManyBranchesError, NotAReplyError, NotAUserMessageError
   */
  async acceptBranch(input: NewBranch): Promise<Accepted> {
    const { messageId, replyId, target } = input;
    const row = await this.accept(input, () => this.acceptance.acceptBranch(input));
    if (row.targetRole !== null && row.targetRole !== target.role) {
      throw target.role === 'user' ? new NotAUserMessageError() : new NotAReplyError();
    }
    assertRoomFor(row);
    positionOf(row);
    return this.tell(input, { messageId, replyId }, row);
  }

  /**
   * Commits another reply to a message, and its quota unit, or nothing.
   *
   * @throws as `acceptMessage`, and TooManyBranchesError
   */
  async acceptReply(input: NewAlternative): Promise<Accepted> {
    const row = await this.accept(input, () => this.acceptance.acceptReply(input));
    assertRoomFor(row);
    positionOf(row);
    return this.tell(input, { messageId: row.parentId ?? '', replyId: input.replyId }, row);
  }

  private tell({ userId, chatroomId }: NewReply, accepted: Accepted, { listVersion }: { readonly listVersion: number | null }): Accepted {
    const { messageId: message_id, replyId: reply_id } = accepted;
    if (listVersion !== null)
      this.events.changed(userId, listVersion, { type: 'message.accepted', chatroom_id: chatroomId, message_id, reply_id });
    return accepted;
  }

  private async accept<Row>(input: NewReply, work: () => Promise<Row>): Promise<Row> {
    const { MAX_PENDING_REPLIES } = this.config;
    await this.budget.assertNotReached();
    for (let attempts = 1; ; attempts += 1) {
      try {
        return await work();
      } catch (error) {
        if (sqlState(error) !== NOT_NULL_VIOLATION) throw error;
        const state = await this.acceptance.findUndoneState(input);
        if (!state?.isRoomFound) throw new NotFoundError();
        if (state.unfinishedReplies >= MAX_PENDING_REPLIES) throw new TooManyPendingRepliesError(MAX_PENDING_REPLIES);
        if (attempts === MAX_ATTEMPTS) throw error;
      }
    }
  }
}

/** @throws TooManyBranchesError */
function assertRoomFor({ isRoomFound, siblingCount }: BranchedRow): void {
  if (isRoomFound && siblingCount >= MAX_SIBLINGS) throw new TooManyBranchesError(MAX_SIBLINGS);
}

/**
 * The position of the accepted reply.
 *
 * @throws NotFoundError, FairUseLimitReachedError, DailyLimitReachedError when none was accepted
 */
function positionOf({ isRoomFound, position, dailyLimit, used, isFairUseReached, isFairUseUsedUp, resetsAt, now }: AcceptedRow): number {
  if (!isRoomFound) throw new NotFoundError();
  if (position !== null) return position;
  if (isFairUseReached) throw new FairUseLimitReachedError({ isUsedUp: isFairUseUsedUp, resetsAt, now });
  const limit = dailyLimit ?? 0;
  throw new DailyLimitReachedError({ limit, used: Math.max(limit, used), resetsAt, now });
}

function toExchange(
  { userId, chatroomId, messageId, replyId, content, attachments }: NewMessage,
  { parentId, position, model, now }: { parentId: string | null; position: number; model: string | null; now: Date },
): Exchange {
  const common = { ...NO_OUTCOME, chatroomId, userId, createdAt: now, attachments: [] };
  const message: Message = {
    ...common,
    id: messageId,
    position: position - 1,
    parentId,
    siblingIds: [messageId],
    role: 'user',
    status: 'completed',
    content,
    attachments,
    model: null,
    completedAt: now,
  };
  const reply: Message = {
    ...common,
    id: replyId,
    position,
    parentId: messageId,
    siblingIds: [replyId],
    role: 'model',
    status: 'pending',
    model,
  };
  return { message, reply };
}
