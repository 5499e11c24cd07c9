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
import { isSameText, offsetAt, type Place, START, tellingOf } from './stream-place.js';

/** Of a stream that has ended before its reply: until an administrator's retry begins it again. */
const REOPEN_MS = 1_000;

/**
 * A reply as a stream of events, from any place, in any process. Text comes from the stream store while the reply is made; the ending, and whatever
 * the store does not have, comes from the finished reply, so that what was read always adds up to what is stored.
 */
@Injectable()
export class ReplyStreams {
  constructor(
    private readonly store: StreamStore,
    private readonly messages: MessagesRepository,
    private readonly waiter: ReplyWaiterService,
  ) {}

  /**
   * The events after `from`, until the reply's ending. A reader who is slow costs nothing: it is read on from the store.
   *
   * @param signal ends the iteration, without an ending
   */
  async *read(reply: Message, from: Place | null, signal: AbortSignal): AsyncGenerator<StreamEvent[], void> {
    let current: Message | null = reply;
    let place = from && from.attempt <= reply.attempt + 1 ? from : null;
    if (place === null && !isFinishedStatus(reply.status)) {
      const start = startEvent(reply);
      place = start.place;
      yield [start];
    }
    /** The end of the longest pause that the reader was told of. */
    let toldUntil = 0;
    while (!signal.aborted) {
      if (current === null) {
        yield deletedEvents(place ?? { attempt: 0, n: START });
        return;
      }
      if (isFinished(current)) {
        const rest = remainingEvents(current, place);
        // A place past the end of the text is none of this reply's. Nothing at all would look like its whole.
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
        if (pause.until.getTime() <= toldUntil) return;
        toldUntil = pause.until.getTime();
        pauses.push(pause);
        leave();
      };
      const finished = this.waiter.wait(reply.id, { signal: growing.signal, onPause }).then(leave);
      try {
        for await (const entries of this.store.read(reply.id, place, growing.signal)) {
          const events: StreamEvent[] = [];
          for (const { attempt, n, data } of entries) {
            const end: Place = { attempt, n };
            events.push(...pieceEvents(place ?? { attempt, n: START }, end, data));
            place = end;
          }
          yield events;
        }
        if (!growing.signal.aborted) await this.waiter.wait(reply.id, { ms: REOPEN_MS, signal: growing.signal });
      } finally {
        leave();
        signal.removeEventListener('abort', leave);
        await finished;
      }
      if (pauses.length > 0) yield pauses.map((pause) => waitEvent(pause, place ?? { attempt: 0, n: START }));
      else current = await this.messages.find({ userId: reply.userId, chatroomId: reply.chatroomId, messageId: reply.id });
    }
  }

  /** What the store has of a reply's text: what readers can have seen of a try that nobody goes on with. Empty when the store cannot say. */
  async textOf(replyId: string): Promise<string> {
    let text = '';
    try {
      const state = await this.store.state(replyId);
      if (state === null || state.n === 0) return '';
      const enough = new AbortController();
      for await (const entries of this.store.read(replyId, { attempt: state.attempt, n: tellingOf(state) }, enough.signal)) {
        for (const entry of entries) if (isSameText(entry, state)) text += entry.data;
        if (text.length >= offsetAt(state)) enough.abort();
      }
    } catch {
      // A text that cannot be had is none.
    }
    return text;
  }
}

const isFinished = (reply: Message): reply is Message & StreamedReply & { readonly status: FinishedStatus } =>
  isFinishedStatus(reply.status);
