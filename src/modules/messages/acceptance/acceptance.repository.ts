import { Injectable } from '@nestjs/common';
import type { Plan } from '../../../common/actor.js';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Database } from '../../../database/database.js';
import { statement } from '../../../database/statement.js';
import { searchableText } from '../../attachments/index.js';
import { PlansService } from '../../subscriptions/index.js';
import { toVector } from '../search/words.js';
import { FairUseService } from '../usage/fair-use.service.js';
import { acceptBatch, type AcceptedInBatchRow } from './accept-batch.js';
import { acceptBranch, acceptReply } from './accept-branch.js';
import { acceptMessage, acceptMessageWithFiles } from './accept-message.js';
import { MAX_SIBLINGS } from '../message.js';
import type { NewAlternative, NewBranch, NewMessage, NewReply } from './new-message.js';
import type { BranchedRow } from './steps.js';

const findUndoneState = statement({
  name: 'messages_accept_why_undone',
  parameters: { user_id: 'uuid', chatroom_id: 'uuid' },
  columns: { unfinishedReplies: 'int4', isRoomFound: 'bool' },
  text: `SELECT u.unfinished_replies AS "unfinishedReplies",
     EXISTS (SELECT 1 FROM chatrooms c WHERE c.id = :chatroom_id AND c.user_id = u.id) AS "isRoomFound"
   FROM users u WHERE u.id = :user_id`,
});

/**
 * Each method commits what it accepts, or nothing. A violated NOT NULL constraint undoes a statement whose tree changed
 * meanwhile, whose room or attachments were deleted, or whose user has too many unfinished replies or has just reached
 * the limit of fair use; a repeated idempotency key undoes it with an error that `isRepeatedKey` knows.
 */
@Injectable()
export class AcceptanceRepository {
  private readonly limits;

  constructor(
    private readonly database: Database,
    plans: PlansService,
    fairUse: FairUseService,
    @InjectConfig() { MAX_PENDING_REPLIES }: Config,
  ) {
    const modelsOf = (plan: Plan) => plans.limitsOf(plan).models.map(({ id }) => id);
    this.limits = {
      basic_limit: plans.limitsOf('basic').dailyLimit,
      basic_models: modelsOf('basic'),
      pro_models: modelsOf('pro'),
      max_unfinished: MAX_PENDING_REPLIES,
      fair_use: fairUse.limitMicros,
      reply_cost: fairUse.replyMicros,
    };
  }

  async acceptMessage(message: NewMessage) {
    const parameters = this.messageParameters(message);
    if (message.attachments.length === 0) return onlyRow(await this.database.run(acceptMessage, parameters));
    return onlyRow(await this.database.run(acceptMessageWithFiles, { ...parameters, ...filesOf(message) }));
  }

  /**
   * Accepts messages of different users in one commit. Those that are not returned were left out, and nothing is
   * decided about them.
   */
  async acceptBatch(messages: readonly NewMessage[]): Promise<AcceptedInBatchRow[]> {
    return this.database.run(acceptBatch, {
      ...this.limits,
      user_ids: messages.map(({ userId }) => userId),
      chatroom_ids: messages.map(({ chatroomId }) => chatroomId),
      message_ids: messages.map(({ messageId }) => messageId),
      reply_ids: messages.map(({ replyId }) => replyId),
      contents: messages.map(({ content }) => content),
      words: messages.map(({ content }) => toVector(content)),
      web_searches: messages.map(({ choice }) => choice.webSearch),
      reasoning_levels: messages.map(({ choice }) => choice.reasoningLevel),
      key_scopes: messages.map(({ key }) => key?.scope ?? null),
      keys: messages.map(({ key }) => key?.key ?? null),
      fingerprints: messages.map(({ key }) => key?.fingerprint ?? null),
      request_ids: messages.map(({ origin }) => origin.requestId),
      traceparents: messages.map(({ origin }) => origin.traceparent),
    });
  }

  async acceptBranch(branch: NewBranch) {
    const { id: target_id, role: target_role } = branch.target;
    const parameters = { ...this.messageParameters(branch), ...filesOf(branch), target_id, target_role, max_siblings: MAX_SIBLINGS };
    return onlyRow(await this.database.run(acceptBranch, parameters));
  }

  async acceptReply(reply: NewAlternative): Promise<BranchedRow> {
    const parameters = { ...this.replyParameters(reply), target_id: reply.targetId, max_siblings: MAX_SIBLINGS };
    return onlyRow(await this.database.run(acceptReply, parameters));
  }

  /**
   * The state that may have undone a statement: the number of the user's unfinished replies, and whether the room
   * exists.
   */
  async findUndoneState({ userId, chatroomId }: Pick<NewReply, 'userId' | 'chatroomId'>) {
    return (await this.database.run(findUndoneState, { user_id: userId, chatroom_id: chatroomId }))[0] ?? null;
  }

  private replyParameters({ userId, chatroomId, replyId, key, origin }: NewReply) {
    return {
      user_id: userId,
      chatroom_id: chatroomId,
      ...this.limits,
      reply_id: replyId,
      key_scope: key?.scope ?? null,
      key: key?.key ?? null,
      fingerprint: key?.fingerprint ?? null,
      request_id: origin.requestId,
      traceparent: origin.traceparent,
    };
  }

  private messageParameters(message: NewMessage) {
    const { messageId, content, choice, attachments } = message;
    return {
      ...this.replyParameters(message),
      message_id: messageId,
      content,
      words: toVector(searchableText(content, attachments)),
      web_search: choice.webSearch,
      reasoning_level: choice.reasoningLevel,
    };
  }
}

const filesOf = ({ attachments }: NewMessage) => ({ attachment_ids: attachments.map(({ id }) => id) });

function onlyRow<Row>([row]: readonly Row[]): Row {
  if (row === undefined) throw new Error('An accept statement returns one row');
  return row;
}
