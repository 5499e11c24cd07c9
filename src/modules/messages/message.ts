import type { AttachmentSummary } from '../attachments/index.js';
import type { Feedback } from './feedback/feedback.repository.js';
import type { MessageEntity } from './message.entity.js';

/** The properties of a message that its owner sees, in the order in which they are selected. */
export const MESSAGE_PROPERTIES = [
  'id',
  'chatroomId',
  'userId',
  'position',
  'attempt',
  'parentId',
  'role',
  'status',
  'content',
  'model',
  'finishReason',
  'errorCode',
  'inputTokens',
  'outputTokens',
  'reasoningTokens',
  'totalTokens',
  'usageEstimated',
  'contextTurns',
  'contextTrimmed',
  'contextSummarised',
  'contextFilesSent',
  'contextFilesOmitted',
  'reasoning',
  'partLengths',
  'sources',
  'searchSuggestions',
  'createdAt',
  'completedAt',
] as const satisfies readonly (keyof MessageEntity)[];

/** The most messages with the same parent. */
export const MAX_SIBLINGS = 100;
/** The most files of one message. */
export const MAX_ATTACHMENTS = 10;

/** A message as its owner sees it. */
export interface Message extends Readonly<Pick<MessageEntity, (typeof MESSAGE_PROPERTIES)[number]>> {
  /** All messages with the same parent, oldest first, this one included. */
  readonly siblingIds: readonly string[];
  readonly feedback: Feedback | null;
  /** The files of a user message. */
  readonly attachments: readonly AttachmentSummary[];
}

/** A message and the reply that will answer it. */
export interface Exchange {
  readonly message: Message;
  readonly reply: Message;
}

/** The properties of a message that was only accepted so far. */
export const NO_OUTCOME = {
  attempt: 0,
  content: '',
  finishReason: null,
  errorCode: null,
  inputTokens: null,
  outputTokens: null,
  reasoningTokens: null,
  totalTokens: null,
  usageEstimated: null,
  contextTurns: null,
  contextTrimmed: null,
  contextSummarised: null,
  contextFilesSent: null,
  contextFilesOmitted: null,
  reasoning: null,
  partLengths: null,
  sources: null,
  searchSuggestions: null,
  feedback: null,
  completedAt: null,
} as const;

/** The exchange as it was when it was accepted, whatever became of it since. A repeated request gets this answer. */
export const asAccepted = ({ message, reply }: Exchange): Exchange => ({
  message: { ...message, siblingIds: siblingsUpTo(message) },
  reply: { ...reply, ...NO_OUTCOME, status: 'pending', siblingIds: siblingsUpTo(reply) },
});

const siblingsUpTo = ({ id, siblingIds }: Message): string[] => siblingIds.slice(0, siblingIds.indexOf(id) + 1);
