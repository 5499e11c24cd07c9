import { Injectable } from '@nestjs/common';
import { StreamStore } from '../../../streams/stream-store.js';
import { type FinishedStatus, isFinished as isFinishedStatus } from '../message-status.js';
import type { Message } from '../message.js';
import { MessagesRepository } from '../messages.repository.js';
import type { ModelPause } from '../model-pauses.js';
import { ReplyWaiterService } from '../reply-waiter.service.js';
import {
  deletedEvents,
  pieceEvents,
  remainingEvents,
  startEvent,
  type StreamEvent,
  type StreamedReply,
  waitEvent,
} from './stream-events.js';
import { isSameText, offsetAt, type StreamPosition, START, copyAt } from './stream-position.js';

/** The wait between looks at a stream that ended before its reply, until an admin's retry begins it again. */
const REOPEN_MS = 1_000;

/**
 * A reply as a stream of events, from any position, in any process. The stream store has the text of an unfinished
 * reply; the ending, and text that the store does not have, come from the finished reply. So the events always add up
 * to the stored reply.
 */
@Injectable()
export class ReplyStreamsService {
  constructor(
    private readonly store: StreamStore,
    private readonly messages: MessagesRepository,
    private readonly waiter: ReplyWaiterService,
  ) {}

  /**
   * The events after `from`, until the reply's ending. A slow reader takes no memory: the store keeps the events.
   *
   * @param signal ends the iteration, without an ending
   */
  async *read(reply: Message, from: StreamPosition | null, signal: AbortSignal): AsyncGenerator<StreamEvent[], void> {
    let current: Message | null = reply;
    let position = from && from.attempt <= reply.attempt + 1 ? from : null;
    if (position === null && !isFinishedStatus(reply.status)) {
      const start = startEvent(reply);
      position = start.position;
      yield [start];
    }
    /** The end of the longest pause that was reported to the reader, in milliseconds since 1970. */
    let reportedUntil = 0;
    while (!signal.aborted) {
      if (current === null) {
        yield deletedEvents(position ?? { attempt: 0, n: START });
        return;
      }
      if (isFinished(current)) {
        const rest = remainingEvents(current, position);
        // A position past the end belongs to another reply; no events at all would look like a complete reply.
        yield rest.length > 0 ? rest : remainingEvents(current, null);
        return;
      }
      const growing = new AbortController();
      const leave = () => {
        growing.abort();
      };
      signal.addEventListener('abort', leave, { once: true });
      const pauses: ModelPause[] = [];
      const onPause = (pause: ModelPause) => {
        if (pause.until.getTime() <= reportedUntil) return;
        reportedUntil = pause.until.getTime();
        pauses.push(pause);
        leave();
      };
      const finished = this.waiter.wait(reply.id, { signal: growing.signal, onPause }).then(leave);
      try {
        for await (const entries of this.store.read(reply.id, position, growing.signal)) {
          const events: StreamEvent[] = [];
          for (const { attempt, n, data } of entries) {
            const end: StreamPosition = { attempt, n };
            events.push(...pieceEvents(position ?? { attempt, n: START }, end, data));
            position = end;
          }
          yield events;
        }
        if (!growing.signal.aborted) await this.waiter.wait(reply.id, { ms: REOPEN_MS, signal: growing.signal });
      } finally {
        leave();
        signal.removeEventListener('abort', leave);
        await finished;
      }
      if (pauses.length > 0) yield pauses.map((pause) => waitEvent(pause, position ?? { attempt: 0, n: START }));
      else current = await this.messages.find({ userId: reply.userId, chatroomId: reply.chatroomId, messageId: reply.id });
    }
  }

  /**
   * The text of a reply that the store has, which is what readers may have seen of an abandoned attempt. Empty when the
   * store does not answer.
   */
  async textOf(replyId: string): Promise<string> {
    let text = '';
    try {
      const state = await this.store.state(replyId);
      if (state === null || state.n === 0) return '';
      const enough = new AbortController();
      for await (const entries of this.store.read(replyId, { attempt: state.attempt, n: copyAt(state) }, enough.signal)) {
        for (const entry of entries) if (isSameText(entry, state)) text += entry.data;
        if (text.length >= offsetAt(state)) enough.abort();
      }
    } catch {
      // A text that cannot be read counts as empty.
    }
    return text;
  }
}

const isFinished = (reply: Message): reply is Message & StreamedReply & { readonly status: FinishedStatus } =>
  isFinishedStatus(reply.status);
