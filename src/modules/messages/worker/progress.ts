import { estimateTokens } from '../outcomes.js';
import type { Claim, Outcome } from '../replies.repository.js';
import type { Tokens } from '../usage/prices.js';

/** One try at a reply, as far as it has come. */
export class Progress {
  /** What the model has said. */
  content = '';
  firstTokenAt: Date | null = null;
  /** What the model was given. */
  context: NonNullable<Outcome['context']> | null = null;
  /** The message that a summary is wanted up to, for the replies to come. */
  foldAt: string | null = null;
  /** Of what the model was given, in bytes. */
  promptBytes = 0;
  readonly abort = new AbortController();

  constructor(readonly claim: Claim) {}

  get replyId(): string {
    return this.claim.replyId;
  }

  get attempt(): number {
    return this.claim.attempt;
  }

  /** What a try that ends without an answer has consumed: nothing that the vendor bills, unless it had begun to answer. */
  get wasted(): Tokens | null {
    return this.firstTokenAt === null ? null : estimateTokens(this.promptBytes, this.content);
  }

  add(text: string): void {
    this.firstTokenAt ??= new Date();
    this.content += text;
  }
}
