import fc from 'fast-check';
import type { StreamEntry } from '../../../streams/stream-store.js';
import { type EventId, parseEventId } from './event-id.js';
import { attemptEntry, type FinishedReply, hasWholeStream, replay, ReplyFrames, textEntry } from './reply-frames.js';

const usage = { input_tokens: 12, output_tokens: 48, reasoning_tokens: 0, total_tokens: 60, estimated: false };

const finished = (given: Partial<FinishedReply> = {}): FinishedReply => ({
  id: 'reply',
  chatroom_id: 'room',
  reply_to: 'message',
  model: 'a-model',
  status: 'completed',
  attempt: 1,
  content: 'Hello',
  finish_reason: 'stop',
  error: null,
  usage,
  ...given,
});

const start = (status: string) => ({
  type: 'start',
  messageId: 'reply',
  messageMetadata: { chatroom_id: 'room', reply_to: 'message', status, model: 'a-model' },
});

describe('the stream of a finished reply', () => {
  it('of a completed one is the text between its start and finish', () => {
    expect(events(replay(finished(), null))).toEqual([
      ['1-0', start('completed')],
      ['1-1', { type: 'start-step' }],
      ['1-2', { type: 'text-start', id: 'text' }],
      ['1-7', { type: 'text-delta', id: 'text', delta: 'Hello' }],
      ['1-8', { type: 'text-end', id: 'text' }],
      ['1-9', { type: 'finish-step' }],
      ['1-10', { type: 'finish', finishReason: 'stop', messageMetadata: { status: 'completed', usage } }],
      ['1-11', '[DONE]'],
    ]);
  });

  it('is framed as server-sent events', () => {
    expect([...replay(finished({ content: 'a\n\nb' }), { attempt: 1, n: 4 })].slice(0, 2)).toEqual([
      'id: 1-6\ndata: {"type":"text-delta","id":"text","delta":"\\nb"}\n\n',
      'id: 1-7\ndata: {"type":"text-end","id":"text"}\n\n',
    ]);
  });

  it.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['other', 'other'],
    [null, 'other'],
  ] as const)('that finished by %p says %s', (finish_reason, finishReason) => {
    const reply = finished({ finish_reason, usage: null });
    expect(events(replay(reply, { attempt: 1, n: 9 }))).toEqual([
      ['1-10', { type: 'finish', finishReason, messageMetadata: { status: 'completed', usage: null } }],
      ['1-11', '[DONE]'],
    ]);
  });

  it('of a blocked one finishes by content-filter, here without a text', () => {
    const reply = finished({ status: 'blocked', content: '', finish_reason: 'content-filter' });
    expect(events(replay(reply, null))).toEqual([
      ['1-0', start('blocked')],
      ['1-1', { type: 'start-step' }],
      ['1-2', { type: 'text-start', id: 'text' }],
      ['1-3', { type: 'text-end', id: 'text' }],
      ['1-4', { type: 'finish-step' }],
      ['1-5', { type: 'finish', finishReason: 'content-filter', messageMetadata: { status: 'blocked', usage } }],
      ['1-6', '[DONE]'],
    ]);
  });

  it('of a cancelled one closes the text and aborts, also of one that no worker ever had', () => {
    const reply = finished({ status: 'cancelled', attempt: 0, content: '', finish_reason: 'cancelled' });
    expect(events(replay(reply, null))).toEqual([
      ['0-0', start('cancelled')],
      ['0-1', { type: 'start-step' }],
      ['0-2', { type: 'text-start', id: 'text' }],
      ['0-3', { type: 'text-end', id: 'text' }],
      ['0-4', { type: 'message-metadata', messageMetadata: { status: 'cancelled' } }],
      ['0-5', { type: 'abort' }],
      ['0-6', '[DONE]'],
    ]);
  });

  it('of a failed one is its error', () => {
    const error = { code: 'model_timeout', message: 'The model took too long to answer.' };
    expect(events(replay(finished({ status: 'failed', content: '', error, usage: null }), null))).toEqual([
      ['1-0', start('failed')],
      ['1-3', { type: 'message-metadata', messageMetadata: { status: 'failed', error } }],
      ['1-4', { type: 'error', errorText: 'The model took too long to answer.' }],
      ['1-5', '[DONE]'],
    ]);
  });

  it('begins anew under reset-step for a client of an older attempt', () => {
    expect(events(replay(finished({ attempt: 3 }), { attempt: 2, n: 40 })).slice(0, 3)).toEqual([
      ['3-1', { type: 'reset-step' }],
      ['3-2', { type: 'text-start', id: 'text' }],
      ['3-7', { type: 'text-delta', id: 'text', delta: 'Hello' }],
    ]);
  });

  it('has nothing to reset for a client that only has an older start', () => {
    expect(events(replay(finished({ attempt: 3 }), { attempt: 0, n: 0 })).slice(0, 2)).toEqual([
      ['3-1', { type: 'start-step' }],
      ['3-2', { type: 'text-start', id: 'text' }],
    ]);
  });

  it('is whole for an id that no event of the reply can have had', () => {
    const whole = [...replay(finished(), null)];
    expect([...replay(finished(), { attempt: 2, n: 2 })]).toEqual(whole);
    expect([...replay(finished(), { attempt: 7, n: 0 })]).toEqual(whole);
  });

  it('is nothing after its last event', () => {
    expect([...replay(finished(), { attempt: 1, n: 11 })]).toEqual([]);
    expect(hasWholeStream(finished(), { attempt: 1, n: 11 })).toBe(true);
    expect(hasWholeStream(finished(), { attempt: 1, n: 10 })).toBe(false);
    expect(hasWholeStream(finished(), { attempt: 0, n: 11 })).toBe(false);
    expect(hasWholeStream(finished(), null)).toBe(false);
  });

  it('never parts a surrogate pair, not even for an id that would', () => {
    const reply = finished({ content: 'a🙂b' });
    expect(events(replay(reply, { attempt: 1, n: 4 }))[0]).toEqual(['1-6', { type: 'text-delta', id: 'text', delta: '🙂b' }]);
    const long = finished({ content: `a${'🙂'.repeat(5_000)}` });
    for (const [, chunk] of events(replay(long, null))) expect(JSON.stringify(chunk).isWellFormed()).toBe(true);
    for (const delta of deltas(replay(long, null))) expect(delta.isWellFormed()).toBe(true);
  });
});

describe('the stream of a reply in work', () => {
  it('starts before there is anything, and takes text as it comes', () => {
    const frames = new ReplyFrames({ ...finished(), status: 'pending', attempt: 0 }, null);
    expect(events([frames.open()])).toEqual([['0-0', start('pending')]]);
    expect(frames.position).toEqual({ attempt: 0, n: 0 });
    expect(frames.piece(attemptEntry(1))).toBe('');
    expect(events([frames.piece(textEntry(1, 0, 'Hel'))])).toEqual([
      ['1-1', { type: 'start-step' }],
      ['1-2', { type: 'text-start', id: 'text' }],
      ['1-5', { type: 'text-delta', id: 'text', delta: 'Hel' }],
    ]);
    expect(events([frames.piece(textEntry(1, 3, 'lo'))])).toEqual([['1-7', { type: 'text-delta', id: 'text', delta: 'lo' }]]);
    expect(frames.position).toEqual({ attempt: 1, n: 7 });
  });

  it('takes only what is new of a piece, and none of an older attempt', () => {
    const frames = new ReplyFrames({ ...finished(), status: 'streaming' }, { attempt: 1, n: 5 });
    expect(frames.open()).toBe('');
    expect(frames.piece(textEntry(1, 0, 'Hel'))).toBe('');
    expect(events([frames.piece(textEntry(1, 0, 'Hello'))])).toEqual([['1-7', { type: 'text-delta', id: 'text', delta: 'lo' }]]);
    expect(frames.piece(textEntry(0, 5, ', you'))).toBe('');
  });

  it('drops what it has when the next attempt is announced, also for a client that comes back between the two', () => {
    const reply = { ...finished(), status: 'streaming' } as const;
    const frames = new ReplyFrames(reply, { attempt: 1, n: 5 });
    expect(events([frames.piece(attemptEntry(2))])).toEqual([['2-1', { type: 'reset-step' }]]);
    expect(new ReplyFrames(reply, { attempt: 2, n: 1 }).open()).toBe('');
    expect(events([new ReplyFrames(reply, { attempt: 2, n: 1 }).piece(textEntry(2, 0, 'H'))])).toEqual([
      ['2-2', { type: 'text-start', id: 'text' }],
      ['2-3', { type: 'text-delta', id: 'text', delta: 'H' }],
    ]);
  });

  it('would rather break than leave a gap', () => {
    const frames = new ReplyFrames({ ...finished(), status: 'streaming' }, { attempt: 1, n: 5 });
    expect(() => frames.piece(textEntry(1, 4, 'o'))).toThrow('reply reply: text from 3 to 4 is missing');
  });
});

/** Text with all that can go wrong: pairs, joiners, line breaks, quotes. */
const text = fc.string({
  unit: fc.oneof(fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }), fc.constantFrom('🙂', '\n', '"', 'a')),
  maxLength: 60,
});

/** The same text in pieces, as a worker would cut it. */
const pieces = (whole: string, cuts: readonly number[]): string[] => {
  const characters = Array.from(whole);
  const parts: string[] = [];
  for (let i = 0, c = 0; i < characters.length; c += 1) {
    const length = 1 + ((cuts[c % Math.max(cuts.length, 1)] ?? 3) % 7);
    parts.push(characters.slice(i, i + length).join(''));
    i += length;
  }
  return parts;
};

const entriesOf = (attempt: number, parts: readonly string[]): StreamEntry[] => {
  let offset = 0;
  return [
    attemptEntry(attempt),
    ...parts.map((part) => {
      const entry = textEntry(attempt, offset, part);
      offset += part.length;
      return entry;
    }),
  ];
};

describe('however often a client is cut off', () => {
  it('it gets every event of a replay once', () => {
    fc.assert(
      fc.property(
        text,
        fc.constantFrom('completed', 'blocked', 'cancelled', 'failed'),
        fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 20 }),
        (content, status, cuts) => {
          const reply = finished({ content, status });
          const client = new Client();
          for (const cut of cuts) client.take(replay(reply, client.last), cut);
          client.take(replay(reply, client.last));
          expect(client.log).toEqual(events(replay(reply, null)));
          expect(client.text).toBe(content);
          expect(hasWholeStream(reply, client.last)).toBe(true);
        },
      ),
    );
  });

  it('it ends with the stored text, byte for byte, over attempts, lost stores, and the change from live to stored', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ content: text, cuts: fc.array(fc.nat(), { maxLength: 5 }), lostAt: fc.nat({ max: 12 }), announced: fc.boolean() }),
          { minLength: 1, maxLength: 4 },
        ),
        // Where the client is cut off: after that many events, each time.
        fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 8 }),
        (attempts, patience) => {
          const client = new Client();
          let connection = 0;
          let frames: ReplyFrames | null = null;
          let left = 0;
          const deliver = (attempt: number, store: readonly StreamEntry[]) => {
            if (left <= 0) {
              frames = new ReplyFrames({ ...finished(), status: 'streaming', attempt }, client.last);
              left = patience[connection % patience.length] ?? 0;
              connection += 1;
              client.take([frames.open()].filter((frame) => frame !== ''));
            }
            const reader = frames;
            if (!reader) return;
            const { position } = reader;
            for (const entry of store) {
              if (entry.attempt < position.attempt || (entry.attempt === position.attempt && entry.n <= position.n)) continue;
              if (left <= 0) return;
              const sent = split(reader.piece(entry));
              client.take(sent, left);
              left -= sent.length;
            }
          };
          attempts.forEach(({ content, cuts, lostAt, announced }, i) => {
            const attempt = i + 1;
            let store: StreamEntry[] = [];
            entriesOf(attempt, pieces(content, cuts)).forEach((entry, at) => {
              // After a loss the worker writes its whole text again, as one piece.
              const rewritten = entriesOf(attempt, at === 0 ? [] : [content.slice(0, entry.n - 2)]);
              store = at === lostAt ? rewritten : [...store, entry];
              deliver(attempt, store);
            });
            if (announced && i + 1 < attempts.length) deliver(attempt, [attemptEntry(attempt + 1)]);
          });
          const last = attempts.at(-1)?.content ?? '';
          const reply = finished({ attempt: attempts.length, content: last });
          client.take(replay(reply, client.last), patience[0]);
          client.take(replay(reply, client.last));
          expect(client.text).toBe(last);
          expect(client.log.at(-1)).toEqual([`${attempts.length}-${last.length + 6}`, '[DONE]']);
        },
      ),
      { numRuns: 500 },
    );
  });
});

type Logged = readonly [id: string, chunk: unknown];

const split = (frames: string): string[] => frames.split(/(?<=\n\n)/).filter((frame) => frame !== '');

function events(frames: Iterable<string>): Logged[] {
  return split([...frames].join('')).map((frame): Logged => {
    const [, id = '', data = ''] = /^id: (.*)\ndata: (.*)\n\n$/.exec(frame) ?? [];
    return [id, data === '[DONE]' ? data : (JSON.parse(data) as unknown)];
  });
}

const deltas = (frames: Iterable<string>): string[] =>
  events(frames).flatMap(([, chunk]) => (isChunk(chunk) && chunk.type === 'text-delta' ? [chunk.delta ?? ''] : []));

const isChunk = (chunk: unknown): chunk is { type: string; delta?: string } => typeof chunk === 'object' && chunk !== null;

/** Does with a stream what useChat does, and is as strict about it; resumes as EventSource does. */
class Client {
  last: EventId | null = null;
  text = '';
  readonly log: Logged[] = [];
  private hasStart = false;
  private isOpen = false;

  /** Takes so many events of a connection; what the server sent after them is lost. */
  take(frames: Iterable<string>, count = Infinity): void {
    for (const [id, chunk] of events(frames).slice(0, count)) {
      const place = parseEventId(id);
      if (!place) throw new Error(`no id: ${id}`);
      const { last } = this;
      if (last && (place.attempt < last.attempt || (place.attempt === last.attempt && place.n <= last.n))) {
        throw new Error(`${id} after ${last.attempt}-${last.n}`);
      }
      this.last = place;
      this.log.push([id, chunk]);
      if (isChunk(chunk)) this.apply(chunk);
    }
  }

  private apply({ type, delta = '' }: { type: string; delta?: string }): void {
    if (type === 'start') {
      if (this.hasStart) throw new Error('a second start');
      this.hasStart = true;
    } else if (!this.hasStart) throw new Error(`${type} before the start`);
    if (type === 'reset-step') {
      this.text = '';
      this.isOpen = false;
    }
    if (type === 'text-start') {
      if (this.isOpen) throw new Error('a second text');
      this.isOpen = true;
    }
    if (type === 'text-delta' || type === 'text-end') {
      if (!this.isOpen) throw new Error(`${type} without a text`);
      if (type === 'text-end') this.isOpen = false;
      if (!delta.isWellFormed()) throw new Error('half a character');
      this.text += delta;
    }
  }
}
