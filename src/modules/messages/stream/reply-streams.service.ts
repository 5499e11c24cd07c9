import { Injectable } from '@nestjs/common';
import { type StreamEntry, StreamStore } from '../../../streams/stream-store.js';
import { type FinishedStatus, isFinished as isFinishedStatus } from '../message-status.js';
import type { Message } from '../message.js';
import { MessagesRepository } from '../messages.repository.js';
import type { ModelPause } from '../model-pauses.js';
import { ReplyWaiterService } from '../reply-waiter.service.js';
import { GrowingReply, type ReplyPart } from '../reply-parts.js';
import {
  decodePiece,
  deletedEvents,
  openAfter,
  pieceEvents,
  remainingEvents,
  startEvent,
  type StreamEvent,
  type StreamedReply,
  waitEvent,
} from './stream-events.js';
import { isSameText, type StreamPosition, START, copyAt } from './stream-position.js';

/** The wait between looks at a stream that ended before its reply, until an admin's retry begins it again. */
const REOPEN_MS = 1_000;

interface SharedEvents {
  readonly after: StreamPosition | null;
  readonly events: readonly StreamEvent[];
  /** The position after the events, and the kind of the part that is open there. */
  readonly end: StreamPosition | null;
  readonly open: ReplyPart['kind'] | null;
}

/**
 * A reply as a stream of events, from any position, in any process. The stream store has the text of an unfinished
 * reply; the ending, and text that the store does not have, come from the finished reply. So the events always add up
 * to the stored reply.
 */
@Injectable()
export class ReplyStreamsService {
  /**
   * The events of entries for a reader at a position. All readers of a reply who have read as far as the others get the
   * same array of entries from the store, and share its events.
   */
  private readonly shared = new WeakMap<readonly StreamEntry[], SharedEvents>();

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
  async *read(reply: Message, from: StreamPosition | null, signal: AbortSignal): AsyncGenerator<readonly StreamEvent[], void> {
    let current: Message | null = reply;
    let position = from && from.attempt <= reply.attempt + 1 ? from : null;
    if (position === null && !isFinishedStatus(reply.status)) {
      const start = startEvent(reply);
      position = start.position;
      yield [start];
    }
    let open: ReplyPart['kind'] | null = null;
    /** The end of the longest pause that was reported to the reader, in milliseconds since 1970. */
    let reportedUntil = 0;
    while (!signal.aborted) {
      if (current === null) {
        yield deletedEvents(position ?? { attempt: 0, n: START }, open);
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
          const shared = this.eventsOf(entries, position);
          ({ end: position, open } = shared);
          yield shared.events;
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

  private eventsOf(entries: readonly StreamEntry[], after: StreamPosition | null): SharedEvents {
    const found = this.shared.get(entries);
    if (found && found.after?.attempt === after?.attempt && found.after?.n === after?.n) return found;
    const events: StreamEvent[] = [];
    let end = after;
    for (const { attempt, n, data } of entries) {
      const position: StreamPosition = { attempt, n };
      events.push(...pieceEvents(end ?? { attempt, n: START }, position, data));
      end = position;
    }
    const shared = { after, events, end, open: openAfter(events) };
    this.shared.set(entries, shared);
    return shared;
  }

  /**
   * What the store has of a reply, which is what readers may have seen of an abandoned attempt. Empty when the store
   * does not answer.
   */
  async partsOf(replyId: string): Promise<GrowingReply> {
    const reply = new GrowingReply();
    try {
      const state = await this.store.state(replyId);
      if (state === null || state.n === 0) return reply;
      const enough = new AbortController();
      for await (const entries of this.store.read(replyId, { attempt: state.attempt, n: copyAt(state) }, enough.signal)) {
        for (const entry of entries) {
          const { kind, text } = decodePiece(entry.data);
          if (isSameText(entry, state)) reply.add(kind, text);
          if (entry.n >= state.n) enough.abort();
        }
      }
    } catch {
      // A text that cannot be read counts as empty.
    }
    return reply;
  }
}

const isFinished = (reply: Message): reply is Message & StreamedReply & { readonly status: FinishedStatus } =>
  isFinishedStatus(reply.status);
