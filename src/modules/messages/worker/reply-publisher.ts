import { Logger } from '@nestjs/common';
import type { StreamStore } from '../../../streams/stream-store.js';
import type { GrowingReply } from '../reply-parts.js';
import { entriesAfter, stepAfter } from '../stream/stream-events.js';
import { nextCopy, START } from '../stream/stream-position.js';

const COALESCE_MS = 30;

/**
 * Appends a reply to its stream while it grows: the first piece at once, the others coalesced. Readers find what the
 * stream loses in the finished reply, so nothing here ever fails or delays the reply.
 */
export class ReplyPublisher {
  private readonly logger = new Logger(ReplyPublisher.name);
  /** The step of the last delta that the stream holds; 0 for none. */
  private published = 0;
  private copy = START;
  private timer: NodeJS.Timeout | null = null;
  private flushing: Promise<void> = Promise.resolve();
  private hasBegun = false;
  private isStopped = false;

  constructor(
    private readonly store: StreamStore,
    private readonly reply: GrowingReply,
    private readonly replyId: string,
    private readonly attempt: number,
  ) {}

  /** Ends the stream for its readers, who find the rest of the text, if any, in the finished reply. */
  async end(): Promise<void> {
    this.stop();
    await this.flushing;
    await this.store.end(this.replyId, this.attempt).catch((error: unknown) => {
      this.logger.warn(`the stream of reply ${this.replyId} was not ended: ${String(error)}`);
    });
  }

  /** Leaves the stream as it is. The next attempt begins anew. */
  stop(): void {
    this.isStopped = true;
    if (this.timer) clearTimeout(this.timer);
  }

  /** To be called when the reply has grown. */
  schedule(): void {
    if (this.timer !== null || this.isStopped) return;
    const delayMs = this.hasBegun ? COALESCE_MS : 0;
    this.hasBegun = true;
    this.timer = setTimeout(() => {
      this.flushing = this.flush().finally(() => {
        this.timer = null;
        if (this.published < stepAfter(this.reply.parts)) this.schedule();
      });
    }, delayMs);
  }

  private async flush(): Promise<void> {
    const end = stepAfter(this.reply.parts);
    try {
      const after = this.published === 0 ? null : this.copy + this.published;
      const result = await this.store.append(
        this.replyId,
        entriesAfter(this.reply.parts, { attempt: this.attempt, copy: this.copy, published: this.published }),
        after,
      );
      if (result === 'appended') this.published = end;
      else if (result === 'lost') {
        // The store lost the text. All of it is appended again, at positions past every reader's, so that each starts
        // over.
        this.copy = nextCopy(this.copy);
        this.published = 0;
      } else this.stop();
    } catch (error) {
      // The next flush retries, with the text that has come meanwhile.
      this.logger.warn(`the stream of reply ${this.replyId} cannot be written: ${String(error)}`);
    }
  }
}
