import { setTimeout } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { tracedInside } from '../../../common/tracing/tracing.js';
import { isDatabaseUnavailable } from '../../../database/database.errors.js';
import type { AcceptedInBatchRow } from './accept-batch.js';
import { AcceptanceRepository } from './acceptance.repository.js';
import type { NewMessage } from './new-message.js';

/** Messages of a batch. */
const MAX_MESSAGES = 64;
/** UTF-16 units of the texts of a batch, unless it is one text: their words are made in one go. */
const MAX_LENGTH = 65_536;
/** The longest time for which others wait while a single message is accepted, which may wait for a lock, in ms. */
const SINGLE_MS = 5;

interface Waiting {
  readonly message: NewMessage;
  readonly resolve: (row: AcceptedInBatchRow | null) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: the messages that this process receives while a batch is being committed are the next batch. A message
 * that finds no batch under way waits for no others than those that were received in the same turn of the event loop;
 * if there are none, it is accepted by the statement of one message, which is the faster one.
 */
@Injectable()
export class AcceptanceBatchesService {
  private readonly logger = new Logger(AcceptanceBatchesService.name);
  private waiting: Waiting[] = [];
  private isRunning = false;

  constructor(private readonly acceptance: AcceptanceRepository) {}

  /** @returns null when the message was left out: nothing is decided, and it has to be accepted alone */
  accept(message: NewMessage): Promise<AcceptedInBatchRow | null> {
    // The batch is one statement of many requests, and can be in the trace of one of them only.
    return tracedInside(
      'accept in a batch',
      {},
      () =>
        new Promise((resolve, reject) => {
          this.waiting.push({ message, resolve, reject });
          if (this.isRunning) return;
          this.isRunning = true;
          setImmediate(() => void this.run());
        }),
    );
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      const [first, ...others] = this.takeBatch();
      if (first === undefined) break;
      if (others.length > 0) await this.commit([first, ...others]);
      else await Promise.race([this.commitSingle(first), setTimeout(SINGLE_MS)]);
    }
    this.isRunning = false;
  }

  /** The first of those that wait. A user's second message waits for the next batch. */
  private takeBatch(): Waiting[] {
    const batch = new Map<string, Waiting>();
    const rest: Waiting[] = [];
    let length = 0;
    for (const one of this.waiting) {
      const { userId, content } = one.message;
      const fits = batch.size === 0 || (batch.size < MAX_MESSAGES && length + content.length <= MAX_LENGTH);
      if (!fits || batch.has(userId)) rest.push(one);
      else {
        batch.set(userId, one);
        length += content.length;
      }
    }
    this.waiting = rest;
    return [...batch.values()];
  }

  private async commitSingle({ message, resolve, reject }: Waiting): Promise<void> {
    try {
      const row = await this.acceptance.acceptMessage(message);
      // The reason of a refusal is told by accepting the message alone, as for one that a batch leaves out.
      resolve(row.position === null ? null : { ...row, replyId: message.replyId });
    } catch (error) {
      if (isDatabaseUnavailable(error)) reject(error);
      else resolve(null);
    }
  }

  private async commit(batch: readonly Waiting[]): Promise<void> {
    try {
      const rows = await this.acceptance.acceptBatch(batch.map(({ message }) => message));
      const accepted = new Map(rows.map((row) => [row.replyId, row]));
      for (const { message, resolve } of batch) resolve(accepted.get(message.replyId) ?? null);
    } catch (error) {
      // Whether it was committed may be unknown, so nothing is tried again. Those that wait would fare no better, and
      // would wait for one deadline after the other.
      if (isDatabaseUnavailable(error)) for (const { reject } of [...batch, ...this.waiting.splice(0)]) reject(error);
      else {
        // One message has undone all of them, such as one whose key another process has just stored.
        this.logger.warn(`${batch.length} messages are accepted one by one: ${String(error)}`);
        for (const { resolve } of batch) resolve(null);
      }
    }
  }
}
