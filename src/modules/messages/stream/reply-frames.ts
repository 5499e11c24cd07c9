import type { StreamEntry } from '../../../streams/stream-store.js';
import type { FinishReason, MessageStatus, TerminalStatus } from '../message-status.js';
import type { EventId } from './event-id.js';
import { type Chunk, DONE, type StreamUsage, toFrame } from './frame.js';

/** A reply as its stream announces it. */
export interface StreamedReply {
  readonly id: string;
  readonly chatroom_id: string;
  readonly reply_to: string | null;
  readonly model: string | null;
  readonly status: MessageStatus;
  readonly attempt: number;
}

/** A reply whose stream has an end. */
export interface FinishedReply extends StreamedReply {
  readonly status: TerminalStatus;
  /** Whatever was streamed under its attempt is the beginning of it. */
  readonly content: string;
  readonly finish_reason: FinishReason | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly usage: StreamUsage | null;
}

/** A piece of a reply's text in the stream store: n is that of the delta that ends with it. */
export const textEntry = (attempt: number, offset: number, data: string): StreamEntry => ({
  attempt,
  n: TEXT + offset + data.length,
  data,
});

/** Says in the stream store that an attempt begins: readers drop what they have of older ones. The first entry of each attempt. */
export const attemptEntry = (attempt: number): StreamEntry => ({ attempt, n: STEP, data: '' });

const STEP = 1;
const TEXT = 2;
/** There is one text in a reply. */
const TEXT_ID = 'text';
/** UTF-16 units in a delta of a replay. */
const REPLAYED_AT_ONCE = 2_048;

/**
 * The stream of one reply to one client, as server-sent events. It knows what the client holds and makes of anything that comes (live pieces, pieces
 * again, a newer attempt, the finished reply) what the client still needs: ids rise strictly, and the deltas since the last reset-step are the
 * beginning of the reply's text.
 */
export class ReplyFrames {
  private holds: EventId;
  private readonly isNew: boolean;

  /** @param after the last event that the client has; null, or one that this reply cannot have had, is the start */
  constructor(
    private readonly reply: StreamedReply,
    after: EventId | null,
  ) {
    // A try that failed announces the next one, before that has begun.
    const isOurs = after !== null && (after.attempt <= reply.attempt || (after.attempt === reply.attempt + 1 && after.n <= STEP));
    this.isNew = !isOurs;
    this.holds = isOurs ? after : { attempt: reply.attempt, n: 0 };
  }

  /** Where to read on in the stream store. */
  get position(): EventId {
    return this.holds;
  }

  /** The frame that goes out before anything else; empty for a client that resumes. */
  open(): string {
    if (!this.isNew) return '';
    const { id, chatroom_id, reply_to, status, model } = this.reply;
    return toFrame(this.holds, { type: 'start', messageId: id, messageMetadata: { chatroom_id, reply_to, status, model } });
  }

  /**
   * Frames for an entry of the stream store; empty when the client has it all.
   * @throws Error when text before it is missing
   */
  piece({ attempt, n, data }: StreamEntry): string {
    if (attempt < this.holds.attempt) return '';
    const begin = this.begin(attempt);
    return data === '' ? begin : begin + this.text(n - TEXT - data.length, data);
  }

  /** The rest of the stream: what is missing of the text, and the end. Nothing for a client that has everything. */
  *finish(reply: FinishedReply): Generator<string, void> {
    const { content, status } = reply;
    let opening = this.begin(reply.attempt);
    while (this.offset < content.length) {
      const offset = wholeCharacters(content, this.offset);
      yield opening + this.text(offset, content.slice(offset, wholeCharacters(content, offset + REPLAYED_AT_ONCE)));
      opening = '';
    }
    if (status !== 'failed') opening += this.openText();
    if (opening !== '') yield opening;
    let n = TEXT + content.length;
    for (const chunk of [...endingOf(reply), DONE] as const) {
      n += 1;
      if (n > this.holds.n) yield this.frame(n, chunk);
    }
  }

  private get offset(): number {
    return Math.max(this.holds.n - TEXT, 0);
  }

  /** A newer attempt: nothing of the older text remains. The step itself stays open in the client. */
  private begin(attempt: number): string {
    if (attempt <= this.holds.attempt) return '';
    const hasStep = this.holds.n >= STEP;
    this.holds = { attempt, n: hasStep ? STEP : 0 };
    return hasStep ? toFrame(this.holds, { type: 'reset-step' }) : '';
  }

  private openText(): string {
    const step = this.holds.n < STEP ? this.frame(STEP, { type: 'start-step' }) : '';
    return this.holds.n < TEXT ? step + this.frame(TEXT, { type: 'text-start', id: TEXT_ID }) : step;
  }

  private text(offset: number, text: string): string {
    const missing = this.offset - offset;
    if (missing < 0) throw new Error(`reply ${this.reply.id}: text from ${this.offset} to ${offset} is missing`);
    if (missing >= text.length) return '';
    const delta = text.slice(wholeCharacters(text, missing));
    return this.openText() + this.frame(TEXT + offset + text.length, { type: 'text-delta', id: TEXT_ID, delta });
  }

  private frame(n: number, chunk: Chunk | typeof DONE): string {
    this.holds = { attempt: this.holds.attempt, n };
    return toFrame(this.holds, chunk);
  }
}

/** The stream of a finished reply, from the start or after an event. */
export function* replay(reply: FinishedReply, after: EventId | null): Generator<string, void> {
  const frames = new ReplyFrames(reply, after);
  const opening = frames.open();
  if (opening !== '') yield opening;
  yield* frames.finish(reply);
}

/** Whether a client that has this event has the whole stream. */
export const hasWholeStream = (reply: FinishedReply, after: EventId | null): boolean =>
  after?.attempt === reply.attempt && after.n >= TEXT + reply.content.length + endingOf(reply).length + 1;

function endingOf({ status, finish_reason, error, usage }: FinishedReply): Chunk[] {
  const textEnd: Chunk = { type: 'text-end', id: TEXT_ID };
  switch (status) {
    case 'completed': {
      const finishReason = finish_reason === 'stop' || finish_reason === 'length' ? finish_reason : 'other';
      return [textEnd, { type: 'finish-step' }, { type: 'finish', finishReason, messageMetadata: { status, usage } }];
    }
    case 'blocked':
      return [textEnd, { type: 'finish-step' }, { type: 'finish', finishReason: 'content-filter', messageMetadata: { status, usage } }];
    case 'cancelled':
      return [textEnd, { type: 'message-metadata', messageMetadata: { status } }, { type: 'abort' }];
    case 'failed':
      return [
        { type: 'message-metadata', messageMetadata: { status, error } },
        { type: 'error', errorText: error?.message ?? 'The answer could not be made.' },
      ];
  }
}

/** The place itself, or the one before it where it would part a surrogate pair. */
const wholeCharacters = (text: string, place: number): number =>
  /^[\uD800-\uDBFF][\uDC00-\uDFFF]/.test(text.slice(Math.max(place - 1, 0), place + 1)) ? place - 1 : place;
