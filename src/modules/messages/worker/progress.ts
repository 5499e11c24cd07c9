import { estimateTokens } from '../outcomes.js';
import type { Claim, Outcome, Usage } from '../replies.repository.js';
import type { Tokens } from '../usage/prices.service.js';

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
  /** What the answer consumed; null until the model has ended it. */
  usage: Usage | null = null;
  readonly abort = new AbortController();

  constructor(readonly claim: Claim) {}

  get replyId(): string {
    return this.claim.replyId;
  }

  get attempt(): number {
    return this.claim.attempt;
  }

  /** What a try that ends without an answer has consumed: nothing that the vendor bills, unless the model had begun to answer or ended. */
  get wasted(): Tokens | null {
    if (this.usage !== null) return this.usage;
    return this.firstTokenAt === null ? null : estimateTokens(this.promptBytes, this.content);
  }

  add(text: string): void {
    this.firstTokenAt ??= new Date();
    this.content += text;
  }
}
