import type { FinishedStatus, FinishReason } from './message-status.js';
import type { MessageEntity } from './message.entity.js';
import type { ReplyErrorCode } from './reply-errors.js';
import type { GrowingReply } from './reply-parts.js';
import type { Tokens } from './usage/prices.service.js';

/** The tokens that a finished reply consumed. */
export interface ReplyUsage extends Tokens {
  readonly totalTokens: number;
  /** The model did not report them: they are estimated from the length of the text. */
  readonly estimated: boolean;
}

/** Numbers of messages of the branch, and of their files. */
export interface ContextCounts {
  /** Messages that the model was given. */
  readonly turns: number;
  /** Older messages that did not fit. */
  readonly trimmed: number;
  /** Older messages that were given as a summary. */
  readonly summarised: number;
  /** Files that the model was given. */
  readonly filesSent: number;
  /** Files of the messages that it was given, which did not fit and were named. */
  readonly filesOmitted: number;
}

/** What a reply has beside its text. MessageEntity describes the members. */
export type ReplyDetails = Pick<
  MessageEntity,
  'reasoning' | 'partLengths' | 'sources' | 'searchSuggestions' | 'thoughtSignatures' | 'firstThoughtAt'
>;

/** The result that a reply is finished with. */
export interface Outcome {
  readonly status: FinishedStatus;
  readonly content: string;
  readonly finishReason: FinishReason;
  readonly blockReason: string | null;
  readonly errorCode: ReplyErrorCode | null;
  readonly usage: ReplyUsage | null;
  /** The tokens of an attempt without an answer. They are no usage of the reply, but they are paid for. */
  readonly wasted: Tokens | null;
  readonly context: ContextCounts | null;
  readonly firstTokenAt: Date | null;
  readonly details?: ReplyDetails;
  /** The last attempt of a failed reply got an error of the model's servers (5xx). */
  readonly isServerError?: boolean;
  /** The message's unit goes back to the day that it was charged to. */
  readonly refund: boolean;
}

/** The end of an attempt without an answer. */
export interface FailedAttempt {
  readonly reason: ReplyErrorCode | 'worker_stopped';
  /** The tokens that it consumed. */
  readonly wasted: Tokens | null;
  /** It got an error of the model's servers (5xx). Absent where the failure says nothing about the message. */
  readonly isServerError?: boolean;
}

export const NO_DETAILS: ReplyDetails = {
  reasoning: null,
  partLengths: null,
  sources: null,
  searchSuggestions: null,
  thoughtSignatures: null,
  firstThoughtAt: null,
};

/** The size of what counts as storage beside the text, in bytes. */
export const detailBytesOf = ({
  reasoning,
  sources,
  searchSuggestions,
}: Pick<ReplyDetails, 'reasoning' | 'sources' | 'searchSuggestions'>): number =>
  Buffer.byteLength(reasoning ?? '') +
  Buffer.byteLength(searchSuggestions ?? '') +
  (sources === null ? 0 : Buffer.byteLength(JSON.stringify(sources)));

const NOTHING = {
  blockReason: null,
  errorCode: null,
  usage: null,
  wasted: null,
  context: null,
  firstTokenAt: null,
} as const;

/** A failed reply costs the user nothing. */
export const failed = (errorCode: ReplyErrorCode, wasted: Tokens | null = null, isServerError = false): Outcome => ({
  ...NOTHING,
  wasted,
  isServerError,
  status: 'failed',
  content: '',
  finishReason: 'error',
  errorCode,
  refund: true,
});

/** A cancelled reply keeps what it has. Its unit is refunded only if neither its text nor its thoughts had begun. */
export const cancelled = ({
  reply,
  isRefunded,
}: {
  reply: Pick<GrowingReply, 'content' | 'reasoning' | 'partLengths'>;
  isRefunded: boolean;
}): Outcome & { readonly details: ReplyDetails } => ({
  ...NOTHING,
  status: 'cancelled',
  content: reply.content,
  details: { ...NO_DETAILS, reasoning: reply.reasoning, partLengths: reply.partLengths },
  finishReason: 'cancelled',
  refund: isRefunded,
});

/** The usage where the model does not report it. A token is about four bytes of text. */
export function estimateTokens(promptBytes: number, reply: Pick<GrowingReply, 'content' | 'reasoning'>): ReplyUsage {
  const inputTokens = Math.ceil(promptBytes / 4);
  const outputTokens = Math.ceil(Buffer.byteLength(reply.content) / 4);
  const reasoningTokens = Math.ceil(Buffer.byteLength(reply.reasoning ?? '') / 4);
  return { inputTokens, outputTokens, reasoningTokens, totalTokens: inputTokens + outputTokens + reasoningTokens, estimated: true };
}
