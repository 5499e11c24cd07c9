import type { Outcome, Usage } from './replies.repository.js';
import type { ReplyErrorCode } from './reply-errors.js';
import type { Tokens } from './usage/prices.service.js';

const NOTHING = { blockReason: null, errorCode: null, usage: null, wasted: null, context: null, firstTokenAt: null } as const;

/** A reply that could not be made costs its reader nothing. */
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

/** A reply that its reader ended keeps what it had said; it costs nothing only if it had not begun. */
export const cancelled = ({ content, isRefunded }: { content: string; isRefunded: boolean }): Outcome => ({
  ...NOTHING,
  status: 'cancelled',
  content,
  finishReason: 'cancelled',
  refund: isRefunded,
});

/** Usage where the model did not say: a token is about four bytes of text. */
export function estimateTokens(promptBytes: number, content: string): Usage {
  const inputTokens = Math.ceil(promptBytes / 4);
  const outputTokens = Math.ceil(Buffer.byteLength(content) / 4);
  return { inputTokens, outputTokens, reasoningTokens: 0, totalTokens: inputTokens + outputTokens, estimated: true };
}
