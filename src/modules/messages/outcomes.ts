import type { FinishedStatus, FinishReason } from './message-status.js';
import type { ReplyErrorCode } from './reply-errors.js';
import type { Tokens } from './usage/prices.service.js';

/** The tokens that a finished reply consumed. */
export interface ReplyUsage extends Tokens {
  readonly totalTokens: number;
  /** The model did not report them: they are estimated from the length of the text. */
  readonly estimated: boolean;
}

/** Numbers of messages of the branch. */
export interface ContextCounts {
  /** Messages that the model was given. */
  readonly turns: number;
  /** Older messages that did not fit. */
  readonly trimmed: number;
  /** Older messages that were given as a summary. */
  readonly summarised: number;
}

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

const NOTHING = { blockReason: null, errorCode: null, usage: null, wasted: null, context: null, firstTokenAt: null } as const;

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

/** A cancelled reply keeps the text that it has. Its unit is refunded only if the reply had not begun. */
export const cancelled = ({ content, isRefunded }: { content: string; isRefunded: boolean }): Outcome => ({
  ...NOTHING,
  status: 'cancelled',
  content,
  finishReason: 'cancelled',
  refund: isRefunded,
});

/** The usage where the model does not report it. A token is about four bytes of text. */
export function estimateTokens(promptBytes: number, content: string): ReplyUsage {
  const inputTokens = Math.ceil(promptBytes / 4);
  const outputTokens = Math.ceil(Buffer.byteLength(content) / 4);
  return { inputTokens, outputTokens, reasoningTokens: 0, totalTokens: inputTokens + outputTokens, estimated: true };
}
