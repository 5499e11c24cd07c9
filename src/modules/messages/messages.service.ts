import { Injectable, Logger } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { AppError } from '../../common/errors/app-error.js';
import { NotFoundError } from '../../common/errors/common.errors.js';
import type { IdempotencyKey } from '../../common/idempotency-key.js';
import { isId, newId } from '../../common/ids.js';
import type { BoundedRow } from '../../database/page-bytes.js';
import { IdempotencyKeys, isRepeatedKey } from '../../database/idempotency-keys.js';
import { type Chatroom, ChatroomsService } from '../chatrooms/index.js';
import { Acceptance, type NewBranch } from './acceptance.js';
import { Cancellation } from './cancellation.js';
import { Deletion } from './deletion.js';
import { asAccepted, type Exchange, type Message } from './message.js';
import { isTerminal } from './message-status.js';
import { NotAReplyError } from './messages.errors.js';
import { MessagesRepository } from './messages.repository.js';
import { ReplyQueue } from './reply.queue.js';
import { ReplyWaiter } from './reply-waiter.js';

/** Where a page goes on: a message of a branch, or a position among all. */
export type PageStart = { readonly branchFrom: string | null } | { readonly allBelow: number | null };

/** An exchange as it was accepted: now, or by an earlier request with the same key. */
export interface AnsweredExchange extends Exchange {
  readonly isRepeat: boolean;
}

@Injectable()
export class MessagesService {
  private readonly logger = new Logger(MessagesService.name);

  constructor(
    private readonly messages: MessagesRepository,
    private readonly chatrooms: ChatroomsService,
    private readonly acceptance: Acceptance,
    private readonly idempotencyKeys: IdempotencyKeys,
    private readonly queue: ReplyQueue,
    private readonly waiter: ReplyWaiter,
    private readonly cancellation: Cancellation,
    private readonly deletion: Deletion,
  ) {}

  /**
   * @param parentId the reply that the message follows; null: the leaf of the active branch
   * @throws NotFoundError, DailyLimitReachedError, TooManyPendingRepliesError, ServiceBudgetReachedError, IdempotencyKeyReusedError; with a parent also NotAReplyError,
   *   TooManyBranchesError
   */
  async sendMessage(
    actor: Actor,
    chatroomId: string,
    content: string,
    key: IdempotencyKey | null,
    parentId?: string | null,
  ): Promise<AnsweredExchange> {
    if (parentId != null) {
      if (!isId(parentId)) throw new NotFoundError();
      return this.branchOff(actor, chatroomId, { content, beside: { parentId } }, key);
    }
    const { userId } = actor;
    return this.once(userId, chatroomId, key, async () => {
      const exchange = await this.acceptance.acceptMessage({ userId, chatroomId, messageId: newId(), replyId: newId(), content }, key);
      await this.enqueue(actor, exchange.reply.id);
      return exchange;
    });
  }

  /** Another wording of a message, on a branch of its own. @throws as `sendMessage`, and NotAUserMessageError, TooManyBranchesError */
  editMessage(actor: Actor, chatroomId: string, messageId: string, content: string, key: IdempotencyKey | null): Promise<AnsweredExchange> {
    return this.branchOff(actor, chatroomId, { content, beside: { messageId } }, key);
  }

  /** Leads the active branch through a message, to the newest message after it. @throws NotFoundError */
  async activateMessage(actor: Actor, chatroomId: string, id: string): Promise<{ room: Chatroom; model: string }> {
    if (!(await this.messages.activate(actor.userId, chatroomId, id))) throw new NotFoundError();
    const room = await this.chatrooms.getChatroom(actor, chatroomId);
    return { room, model: this.chatrooms.effectiveModel(actor, room) };
  }

  /** At most `count` messages, newest first. @throws NotFoundError */
  async listMessages({ userId }: Actor, chatroomId: string, start: PageStart, count: number): Promise<(Message & BoundedRow)[]> {
    return found(
      'allBelow' in start
        ? await this.messages.listAll(userId, chatroomId, start.allBelow, count)
        : await this.messages.listBranch(userId, chatroomId, start.branchFrom, count),
    );
  }

  /** @param waitMs how long to hold the answer until the message is terminal @throws NotFoundError */
  async getMessage({ userId }: Actor, chatroomId: string, id: string, waitMs: number): Promise<Message> {
    const message = found(await this.messages.find(userId, chatroomId, id));
    if (waitMs === 0 || isTerminal(message.status)) return message;
    await this.waiter.wait(id, waitMs);
    return found(await this.messages.find(userId, chatroomId, id));
  }

  /** How long the text of a message is, in bytes. @throws NotFoundError */
  async getContentSize({ userId }: Actor, chatroomId: string, id: string): Promise<number> {
    return found(await this.messages.contentSize(userId, chatroomId, id));
  }

  /** A room, the model that answers in it now, and at most `count` messages of its active branch, newest first. @throws NotFoundError */
  async getConversation(
    actor: Actor,
    chatroomId: string,
    count: number,
  ): Promise<{ room: Chatroom; model: string; rows: (Message & BoundedRow)[] }> {
    const [room, rows] = await Promise.all([
      this.chatrooms.getChatroom(actor, chatroomId),
      this.messages.listBranch(actor.userId, chatroomId, null, count),
    ]);
    return { room, model: this.chatrooms.effectiveModel(actor, room), rows: found(rows) };
  }

  /** Deletes a room with all that hangs on it. @throws NotFoundError */
  async deleteChatroom({ userId }: Actor, chatroomId: string): Promise<void> {
    await this.deletion.deleteChatroom(userId, chatroomId);
  }

  /** Another reply to a message. @throws as `sendMessage`, and TooManyBranchesError */
  async regenerateReply(actor: Actor, chatroomId: string, targetId: string, key: IdempotencyKey | null): Promise<AnsweredExchange> {
    const { userId } = actor;
    return this.once(userId, chatroomId, key, async () => {
      const replyId = newId();
      const { messageId } = await this.acceptance.acceptReply({ userId, chatroomId, targetId, replyId }, key);
      await this.enqueue(actor, replyId);
      return asAccepted(found(await this.messages.findExchange(userId, chatroomId, { messageId, replyId })));
    });
  }

  /** The message when it is terminal, or as it is when the worker does not answer in time. @throws NotFoundError, NotAReplyError */
  async cancelReply(actor: Actor, chatroomId: string, id: string): Promise<Message> {
    const message = await this.getMessage(actor, chatroomId, id, 0);
    if (message.role !== 'model') throw new NotAReplyError();
    if (isTerminal(message.status)) return message;
    await this.cancellation.cancel(actor.userId, chatroomId, id);
    return this.getMessage(actor, chatroomId, id, 0);
  }

  /** Every unfinished reply of a room, ended. @throws NotFoundError */
  async cancelReplies(actor: Actor, chatroomId: string): Promise<Message[]> {
    await this.chatrooms.getChatroom(actor, chatroomId);
    const ids = await this.cancellation.cancel(actor.userId, chatroomId, null);
    return this.messages.findAll(actor.userId, chatroomId, ids);
  }

  /** The reply to read along in a room, null when there is none. @throws NotFoundError */
  async getCurrentReply({ userId }: Actor, chatroomId: string): Promise<Message | null> {
    const reply = await this.messages.findCurrentReply(userId, chatroomId);
    if (reply === undefined) throw new NotFoundError();
    return reply;
  }

  private branchOff(
    actor: Actor,
    chatroomId: string,
    branch: Pick<NewBranch, 'content' | 'beside'>,
    key: IdempotencyKey | null,
  ): Promise<AnsweredExchange> {
    const { userId } = actor;
    return this.once(userId, chatroomId, key, async () => {
      const ids = { messageId: newId(), replyId: newId() };
      await this.acceptance.acceptBranch({ userId, chatroomId, ...ids, ...branch }, key);
      await this.enqueue(actor, ids.replyId);
      return asAccepted(found(await this.messages.findExchange(userId, chatroomId, ids)));
    });
  }

  /** Runs a request once: its repeats get the first result. */
  private async once(
    userId: string,
    chatroomId: string,
    key: IdempotencyKey | null,
    work: () => Promise<Exchange>,
  ): Promise<AnsweredExchange> {
    try {
      return { ...(await work()), isRepeat: false };
    } catch (error) {
      // A refusal may itself be due to the first request's having taken the last unit.
      const first =
        key !== null && (isRepeatedKey(error) || error instanceof AppError) ? await this.findFirst(userId, chatroomId, key) : null;
      if (!first) throw error;
      return { ...first, isRepeat: true };
    }
  }

  private async findFirst(userId: string, chatroomId: string, key: IdempotencyKey): Promise<Exchange | null> {
    const first = await this.idempotencyKeys.find(userId, key);
    if (!first) return null;
    const ids = first.result as { message_id: string; reply_id: string };
    return asAccepted(found(await this.messages.findExchange(userId, chatroomId, { messageId: ids.message_id, replyId: ids.reply_id })));
  }

  /** The accepted row is its own outbox: a job that cannot be added now is added by the sweeper. */
  private async enqueue({ plan }: Actor, replyId: string): Promise<void> {
    try {
      await this.queue.add({ replyId, plan }, 'accepted');
    } catch (error) {
      this.logger.warn(`no job for reply ${replyId}, left to the sweeper: ${String(error)}`);
    }
  }
}

function found<T>(value: T | null): T {
  if (value === null) throw new NotFoundError();
  return value;
}
