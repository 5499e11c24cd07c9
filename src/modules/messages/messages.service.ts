import { Injectable, Logger } from '@nestjs/common';
import type { Actor } from '../../common/actor.js';
import { AppError } from '../../common/errors/app-error.js';
import { NotFoundError } from '../../common/errors/common.errors.js';
import type { IdempotencyKey } from '../../common/idempotency-key.js';
import { isId, newId } from '../../common/ids.js';
import { currentOrigin } from '../../common/request-context.js';
import type { BoundedRow } from '../../database/page-bytes.js';
import { IdempotencyKeys, isRepeatedKey } from '../../database/idempotency-keys.js';
import { AttachmentsService } from '../attachments/index.js';
import { type Chatroom, ChatroomsService, type RoomSettings } from '../chatrooms/index.js';
import { LiveEventsService } from '../live-events/index.js';
import type { ReplyOptions } from '../subscriptions/index.js';
import { type Accepted, AcceptanceService } from './acceptance/acceptance.service.js';
import type { NewBranch, ReplyChoice } from './acceptance/new-message.js';
import { CancellationService } from './cancellation.service.js';
import { DeletionService } from './deletion.service.js';
import { asAccepted, type Exchange, type Message } from './message.js';
import { isFinished } from './message-status.js';
import { NotAReplyError } from './messages.errors.js';
import { MessagesRepository } from './messages.repository.js';
import { ReplyQueue } from './reply.queue.js';
import { ReplyWaiterService } from './reply-waiter.service.js';

/**
 * Where a page begins: at a message of a branch (null: the active leaf), or below a position of all (null: the end).
 */
export type PageStart = { readonly branchFrom: string | null } | { readonly allBelow: number | null };

/** An exchange as it was accepted: now, or by an earlier request with the same key. */
export interface AnsweredExchange extends Exchange {
  readonly isRepeat: boolean;
}

/**
 * How the replies of one message are made, where it does not leave that to the room, and the ids of its attachments:
 * without them, a new message has none, and an edited one those that it had.
 */
type MessageOptions = Partial<ReplyOptions> & { readonly attachmentIds?: readonly string[] };

/** A request of a room that is answered once: its repeats with the same key get the first answer. */
interface RoomRequest {
  readonly chatroomId: string;
  readonly key: IdempotencyKey | null;
}

interface MessageRef {
  readonly chatroomId: string;
  readonly messageId: string;
}

@Injectable()
export class MessagesService {
  private readonly logger = new Logger(MessagesService.name);

  constructor(
    private readonly messages: MessagesRepository,
    private readonly chatrooms: ChatroomsService,
    private readonly attachments: AttachmentsService,
    private readonly acceptance: AcceptanceService,
    private readonly idempotencyKeys: IdempotencyKeys,
    private readonly queue: ReplyQueue,
    private readonly waiter: ReplyWaiterService,
    private readonly cancellation: CancellationService,
    private readonly deletion: DeletionService,
    private readonly events: LiveEventsService,
  ) {}

  /**
   * @param input.parentId the reply that the message follows; without it, the leaf of the active branch
   * @throws NotFoundError, DailyLimitReachedError, TooManyPendingRepliesError, FairUseLimitReachedError,
   *   ServiceBudgetReachedError, IdempotencyKeyReusedError, NotInPlanError, NotOfferedByModelError; with a parent also
   *   NotAReplyError, TooManyBranchesError
   */
  async sendMessage(
    actor: Actor,
    {
      parentId,
      content,
      options = {},
      ...request
    }: RoomRequest & { readonly content: string; readonly parentId?: string | null | undefined; readonly options?: MessageOptions },
  ): Promise<AnsweredExchange> {
    if (parentId != null) {
      if (!isId(parentId)) throw new NotFoundError();
      return this.branchOff(actor, { ...request, content, options, target: { id: parentId, role: 'model' } });
    }
    const { userId } = actor;
    return this.answer(actor, request, async () => {
      const choice = await this.chosen(actor, request.chatroomId, options);
      const attachments = await this.attachments.getAttachments(actor, options.attachmentIds ?? []);
      const ids = { messageId: newId(), replyId: newId() };
      return this.acceptance.acceptMessage({ ...request, ...ids, userId, content, choice, attachments, origin: currentOrigin() });
    });
  }

  /**
   * Adds another wording of a message, on a branch of its own.
   *
   * @throws as `sendMessage`, and NotAUserMessageError, TooManyBranchesError
   */
  editMessage(
    actor: Actor,
    {
      messageId,
      options = {},
      ...request
    }: RoomRequest & { readonly messageId: string; readonly content: string; readonly options?: MessageOptions },
  ): Promise<AnsweredExchange> {
    return this.branchOff(actor, { ...request, options, target: { id: messageId, role: 'user' } });
  }

  /**
   * Adds another reply to a message, which is given by its id or by the id of one of its replies. It is made with the
   * options of that message.
   *
   * @throws as `sendMessage`, and TooManyBranchesError
   */
  regenerateReply(actor: Actor, { messageId, ...request }: RoomRequest & { readonly messageId: string }): Promise<AnsweredExchange> {
    const { userId } = actor;
    return this.answer(actor, request, () =>
      this.acceptance.acceptReply({ ...request, userId, targetId: messageId, replyId: newId(), origin: currentOrigin() }),
    );
  }

  /** Makes the active branch lead through a message, to the newest message after it. @throws NotFoundError */
  async activateMessage(actor: Actor, { chatroomId, messageId }: MessageRef): Promise<{ room: Chatroom; settings: RoomSettings }> {
    const versions = await this.messages.activate({ userId: actor.userId, chatroomId, messageId });
    if (versions.length === 0) throw new NotFoundError();
    for (const version of versions) this.events.changed(actor.userId, version, { type: 'chatroom.updated', chatroom_id: chatroomId });
    const room = await this.chatrooms.getChatroom(actor, chatroomId);
    return { room, settings: this.chatrooms.currentSettings(actor, room) };
  }

  /** At most `count` messages, newest first. @throws NotFoundError */
  async listMessages(
    { userId }: Actor,
    { chatroomId, start, count }: { readonly chatroomId: string; readonly start: PageStart; readonly count: number },
  ): Promise<(Message & BoundedRow)[]> {
    return found(
      'allBelow' in start
        ? await this.messages.listAll(userId, { chatroomId, below: start.allBelow, count })
        : await this.messages.listBranch(userId, { chatroomId, fromId: start.branchFrom, count }),
    );
  }

  /**
   * @param input.waitMs how long to wait until the message is finished; without it, the message is read at once
   * @throws NotFoundError
   */
  async getMessage({ userId }: Actor, { chatroomId, messageId, waitMs = 0 }: MessageRef & { readonly waitMs?: number }): Promise<Message> {
    const message = found(await this.messages.find({ userId, chatroomId, messageId }));
    if (waitMs === 0 || isFinished(message.status)) return message;
    await this.waiter.wait(messageId, { ms: waitMs });
    return found(await this.messages.find({ userId, chatroomId, messageId }));
  }

  /** The length in bytes of a message's text, thoughts and sources. @throws NotFoundError */
  async getContentSize({ userId }: Actor, { chatroomId, messageId }: MessageRef): Promise<number> {
    return found(await this.messages.findContentSize({ userId, chatroomId, messageId }));
  }

  /**
   * A room, how its replies are made now, and at most `count` messages of its active branch, newest first.
   *
   * @throws NotFoundError
   */
  async getConversation(
    actor: Actor,
    { chatroomId, count }: { readonly chatroomId: string; readonly count: number },
  ): Promise<{ room: Chatroom; settings: RoomSettings; rows: (Message & BoundedRow)[] }> {
    const [room, rows] = await Promise.all([
      this.chatrooms.getChatroom(actor, chatroomId),
      this.messages.listBranch(actor.userId, { chatroomId, fromId: null, count }),
    ]);
    return { room, settings: this.chatrooms.currentSettings(actor, room), rows: found(rows) };
  }

  /** Deletes a room with its messages. @throws NotFoundError */
  async deleteChatroom({ userId }: Actor, chatroomId: string): Promise<void> {
    await this.deletion.deleteChatroom(userId, chatroomId);
  }

  /**
   * Cancels a reply. A reply whose worker does not answer in time is returned unfinished.
   *
   * @throws NotFoundError, NotAReplyError
   */
  async cancelReply(actor: Actor, { chatroomId, messageId }: MessageRef): Promise<Message> {
    const message = await this.getMessage(actor, { chatroomId, messageId });
    if (message.role !== 'model') throw new NotAReplyError();
    if (isFinished(message.status)) return message;
    await this.cancellation.cancel(actor.userId, { chatroomId, replyId: messageId });
    return this.getMessage(actor, { chatroomId, messageId });
  }

  /** Cancels every unfinished reply of a room. @throws NotFoundError */
  async cancelReplies(actor: Actor, chatroomId: string): Promise<Message[]> {
    await this.chatrooms.getChatroom(actor, chatroomId);
    const messageIds = await this.cancellation.cancel(actor.userId, { chatroomId });
    return this.messages.findAll(actor.userId, { chatroomId, messageIds });
  }

  /** The reply to follow in a room, null when there is none. @throws NotFoundError */
  async getCurrentReply({ userId }: Actor, chatroomId: string): Promise<Message | null> {
    const reply = await this.messages.findCurrentReply(userId, chatroomId);
    if (reply === undefined) throw new NotFoundError();
    return reply;
  }

  private branchOff(
    actor: Actor,
    { options, ...branch }: RoomRequest & Pick<NewBranch, 'content' | 'target'> & { readonly options: MessageOptions },
  ): Promise<AnsweredExchange> {
    const { userId } = actor;
    return this.answer(actor, branch, async () => {
      const choice = await this.chosen(actor, branch.chatroomId, options);
      const attachments = await this.attachments.getAttachments(actor, options.attachmentIds ?? (await this.kept(branch.target)));
      const ids = { messageId: newId(), replyId: newId() };
      return this.acceptance.acceptBranch({ ...branch, ...ids, userId, choice, attachments, origin: currentOrigin() });
    });
  }

  /** The attachments of an edited message; none for a new one. Acceptance finds out whose they are. */
  private async kept({ id, role }: NewBranch['target']): Promise<string[]> {
    const attachments = role === 'user' ? (await this.attachments.listOfMessages([id])).get(id) : undefined;
    return attachments?.map((attachment) => attachment.id) ?? [];
  }

  /** The options of a message as they are stored. @throws NotFoundError, NotInPlanError, NotOfferedByModelError */
  private async chosen(actor: Actor, chatroomId: string, { attachmentIds = [], ...options }: MessageOptions): Promise<ReplyChoice> {
    await this.chatrooms.assertOffered(actor, chatroomId, { ...options, attachments: attachmentIds.length > 0 });
    const { webSearch = null, reasoning } = options;
    return { webSearch, reasoningLevel: reasoning === undefined ? null : (reasoning ?? 'default') };
  }

  /** Accepts a request once, adds the job of its reply, and returns the exchange as it was accepted. */
  private async answer(actor: Actor, { chatroomId, key }: RoomRequest, accept: () => Promise<Accepted>): Promise<AnsweredExchange> {
    const { userId } = actor;
    try {
      const { messageId, replyId, exchange } = await accept();
      await this.enqueue(actor, replyId);
      return { ...(exchange ?? (await this.readAccepted(userId, { chatroomId, messageId, replyId }))), isRepeat: false };
    } catch (error) {
      // A refusal may itself be due to the first request, which has taken the last unit.
      const first =
        key !== null && (isRepeatedKey(error) || error instanceof AppError) ? await this.idempotencyKeys.find(userId, key) : null;
      if (!first) throw error;
      const { message_id: messageId, reply_id: replyId } = first.result as { message_id: string; reply_id: string };
      return { ...(await this.readAccepted(userId, { chatroomId, messageId, replyId })), isRepeat: true };
    }
  }

  /** @throws NotFoundError */
  private async readAccepted(userId: string, ids: { chatroomId: string; messageId: string; replyId: string }): Promise<Exchange> {
    return asAccepted(found(await this.messages.findExchange(userId, ids)));
  }

  /** The accepted row is its own outbox: a job that cannot be added now is added by the sweeper. */
  private async enqueue({ plan }: Actor, replyId: string): Promise<void> {
    try {
      await this.queue.add({ replyId, plan }, { cause: 'accepted' });
    } catch (error) {
      this.logger.warn(`no job for reply ${replyId}, left to the sweeper: ${String(error)}`);
    }
  }
}

function found<T>(value: T | null): T {
  if (value === null) throw new NotFoundError();
  return value;
}
