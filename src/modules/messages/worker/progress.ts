import type { AnswerPiece } from '../../../integrations/gemini/index.js';
import type { Claim, HeldAttempt } from '../claims.repository.js';
import { type ContextCounts, estimateTokens, type ReplyUsage } from '../outcomes.js';
import { GrowingReply } from '../reply-parts.js';
import type { Tokens } from '../usage/prices.service.js';

/** The progress of one attempt at a reply. */
export class Progress implements HeldAttempt {
  /** What the model has written so far. */
  readonly reply = new GrowingReply();
  /** The time of the first visible text. */
  firstTokenAt: Date | null = null;
  firstThoughtAt: Date | null = null;
  context: ContextCounts | null = null;
  /** The message at which a new summary should end, for the replies to come. */
  summaryAt: string | null = null;
  /** The size of what the model was given. */
  promptBytes = 0;
  /** The tokens that the answer consumed; null until the model has ended it. */
  usage: ReplyUsage | null = null;
  readonly abort = new AbortController();

  constructor(readonly claim: Claim) {}

  get replyId(): string {
    return this.claim.replyId;
  }

  get attempt(): number {
    return this.claim.attempt;
  }

  /**
   * The tokens that the attempt has consumed if it ends without an answer. The vendor bills nothing unless the model
   * had begun or ended its answer.
   */
  get wasted(): Tokens | null {
    if (this.usage !== null) return this.usage;
    return this.hasBegun ? estimateTokens(this.promptBytes, this.reply) : null;
  }

  /** The user may have read text or thoughts. */
  get hasBegun(): boolean {
    return this.firstTokenAt !== null || this.firstThoughtAt !== null;
  }

  add({ type, text }: AnswerPiece): void {
    if (type === 'text') this.firstTokenAt ??= new Date();
    else this.firstThoughtAt ??= new Date();
    this.reply.add(type, text);
  }
}
