import type { Claim, Outcome } from '../replies.repository.js';

/** One try at a reply, as far as it has come. */
export class Progress {
  /** What the model has said. */
  content = '';
  firstTokenAt: Date | null = null;
  /** What the model was given. */
  context: NonNullable<Outcome['context']> | null = null;
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

  add(text: string): void {
    this.firstTokenAt ??= new Date();
    this.content += text;
  }
}
