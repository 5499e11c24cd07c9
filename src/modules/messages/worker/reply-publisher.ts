import { Logger } from '@nestjs/common';
import type { StreamStore } from '../../../streams/stream-store.js';
import { deltaPosition, nextCopy, START } from '../stream/stream-position.js';

const COALESCE_MS = 30;

/**
 * Appends a reply's text to its stream while it grows, coalesced. Readers find what the stream loses in the finished
 * reply, so nothing here ever fails or delays the reply.
 */
export class ReplyPublisher {
  private readonly logger = new Logger(ReplyPublisher.name);
  private text = '';
  /** The length of the text that the stream holds, in UTF-16 units. */
  private published = 0;
  private copy = START;
  private timer: NodeJS.Timeout | null = null;
  private flushing: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(
    private readonly store: StreamStore,
    private readonly replyId: string,
    private readonly attempt: number,
  ) {}

  push(text: string): void {
    this.text += text;
    this.schedule();
  }

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

  private schedule(): void {
    if (this.timer !== null || this.isStopped) return;
    this.timer = setTimeout(() => {
      this.flushing = this.flush().finally(() => {
        this.timer = null;
        if (this.published < this.text.length) this.schedule();
      });
    }, COALESCE_MS);
  }

  private async flush(): Promise<void> {
    const end = this.text.length;
    const positionOf = (length: number) => this.copy + deltaPosition(length);
    const entry = { attempt: this.attempt, n: positionOf(end), data: this.text.slice(this.published, end) };
    try {
      const result = await this.store.append(this.replyId, [entry], this.published === 0 ? null : positionOf(this.published));
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
