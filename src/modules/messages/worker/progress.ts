import type { Claim, HeldAttempt } from '../claims.repository.js';
import { type ContextCounts, estimateTokens, type ReplyUsage } from '../outcomes.js';
import type { Tokens } from '../usage/prices.service.js';

/** The progress of one attempt at a reply. */
export class Progress implements HeldAttempt {
  /** The text that the model has written so far. */
  content = '';
  firstTokenAt: Date | null = null;
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
    return this.firstTokenAt === null ? null : estimateTokens(this.promptBytes, this.content);
  }

  add(text: string): void {
    this.firstTokenAt ??= new Date();
    this.content += text;
  }
}
