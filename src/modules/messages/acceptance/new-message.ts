import type { IdempotencyKey } from '../../../common/idempotency-key.js';
import type { Origin } from '../../../common/request-context.js';
import type { ReasoningLevel } from '../../../config/models.js';
import type { StoredAttachment } from '../../attachments/index.js';

export interface NewReply {
  readonly userId: string;
  readonly chatroomId: string;
  readonly replyId: string;
  readonly key: IdempotencyKey | null;
  readonly origin: Origin;
}

/** How the replies of a message are made, where it does not leave that to its room (null). */
export interface ReplyChoice {
  readonly webSearch: boolean | null;
  readonly reasoningLevel: ReasoningLevel | 'default' | null;
}

export interface NewMessage extends NewReply {
  readonly messageId: string;
  readonly content: string;
  readonly choice: ReplyChoice;
  /** In the order in which the message has them. */
  readonly attachments: readonly StoredAttachment[];
}

export interface NewBranch extends NewMessage {
  /** The branch begins beside this message of the user, or after this reply. */
  readonly target: { readonly id: string; readonly role: 'user' | 'model' };
}

export interface NewAlternative extends NewReply {
  /** The message that gets another reply, or one of its replies. */
  readonly targetId: string;
}
