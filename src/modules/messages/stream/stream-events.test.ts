import fc from 'fast-check';
import {
  entriesAfter,
  pieceEvents,
  remainingEvents,
  startEvent,
  stepAfter,
  type StreamedReply,
  type StreamEvent,
  toFrame,
  waitEvent,
} from './stream-events.js';
import { GrowingReply, type ReplyPart } from '../reply-parts.js';
import { deltaPosition, formatPosition, nextCopy, parsePosition, type StreamPosition, START } from './stream-position.js';

const REPLY: StreamedReply = {
  id: '019ab3f2-7b21-7a90-9d3c-6f1e2d3c4b5a',
  chatroomId: '019ab3f2-6f7e-7cc0-8b1e-2f8a3c1d4e5f',
  parentId: '019ab3f2-7b20-7d10-8c2b-5e0d1c2b3a49',
  model: 'gemini-3.5-flash-lite',
  status: 'completed',
  attempt: 1,
  content: 'Hello',
  finishReason: 'stop',
  errorCode: null,
  inputTokens: 1,
  outputTokens: 2,
  reasoningTokens: 0,
  totalTokens: 3,
  usageEstimated: false,
  reasoning: null,
  partLengths: null,
  sources: null,
};

type Finished = Parameters<typeof remainingEvents>[0];

const joined = (events: readonly StreamEvent[], kind: ReplyPart['kind']): string =>
  events.reduce((text, { data }) => {
    if (typeof data === 'string') return text;
    if (data.type === 'reset-step') return '';
    return data.type === `${kind}-delta` ? text + String(data['delta']) : text;
  }, '');
const textOf = (events: readonly StreamEvent[]): string => joined(events, 'text');

/** The stock client throws on a delta or an end of a part that is not open, and keeps two of one id apart. */
function hasWellFormedParts(events: readonly StreamEvent[]): boolean {
  let open: unknown = null;
  for (const { data } of events) {
    if (typeof data === 'string') continue;
    if (data.type === 'reset-step' || data.type === 'start-step') open = null;
    const [, event] = /^(?:text|reasoning)-(start|delta|end)$/.exec(data.type) ?? [];
    if (event === undefined) continue;
    if (event === 'start' ? open !== null : open !== data['id']) return false;
    open = event === 'end' ? null : data['id'];
  }
  return true;
}

const rises = (events: readonly StreamEvent[]): boolean =>
  events.every(({ position }, i) => {
    const before = events[i - 1]?.position;
    return !before || position.attempt > before.attempt || (position.attempt === before.attempt && position.n > before.n);
  });

/** The live events of an attempt that wrote these pieces; before some of them the store lost all and got a new copy. */
function live(events: StreamEvent[], attempt: number, pieces: readonly Piece[]): GrowingReply {
  const reply = new GrowingReply();
  let copy = START;
  let published = START;
  for (const { kind, said, isForgotten } of pieces) {
    if (isForgotten && published > START) [copy, published] = [nextCopy(copy), START];
    reply.add(kind, said);
    for (const { data, ...end } of entriesAfter(reply.parts, { attempt, copy, published }))
      events.push(...pieceEvents(events.at(-1)?.position ?? { attempt, n: START }, end, data));
    published = stepAfter(reply.parts);
  }
  return reply;
}

interface Piece {
  readonly kind: ReplyPart['kind'];
  readonly said: string;
  readonly isForgotten: boolean;
}

const pieces = fc.array(
  fc.record({
    kind: fc.constantFrom('text', 'reasoning'),
    said: fc.string({ minLength: 1, maxLength: 30, unit: 'binary' }).filter((said) => !said.includes('\0')),
    isForgotten: fc.boolean(),
  }),
  { maxLength: 20 },
);

test('live up to any point over any attempts and losses of the store, then the stored reply: text and thoughts are whole and the ids rise', () => {
  fc.assert(
    fc.property(fc.array(pieces, { minLength: 1, maxLength: 4 }), fc.nat(), (attempts, cut) => {
      const events: StreamEvent[] = [startEvent({ ...REPLY, status: 'pending', attempt: 0 })];
      const replies = attempts.map((said, i) => live(events, i + 1, said));
      const seen = events.slice(0, 1 + (cut % events.length));
      const { content = '', reasoning = null, partLengths = null } = replies.at(-1) ?? {};
      const reply = { ...REPLY, attempt: attempts.length, content, reasoning, partLengths } as Finished;
      const whole = [...seen, ...remainingEvents(reply, seen.at(-1)?.position ?? null)];
      expect(textOf(whole)).toBe(reply.content);
      expect(joined(whole, 'reasoning')).toBe(reasoning ?? '');
      expect(rises(whole)).toBe(true);
      expect(hasWellFormedParts(whole)).toBe(true);
      expect(whole.at(-1)?.data).toBe('[DONE]');
    }),
    { numRuns: 500 },
  );
});

test('sources come before the finish, also in a replay', () => {
  const reply = { ...REPLY, sources: [{ url: 'https://a.example/', title: 'A', passages: [[0, 5]] }] } as Finished;
  const data = remainingEvents(reply, null).map((event) => event.data);
  expect(data.slice(-5, -2)).toEqual([
    { type: 'text-end', id: 'text' },
    { type: 'source-url', sourceId: 'source-1', url: 'https://a.example/', title: 'A' },
    { type: 'finish-step' },
  ]);
});

test('a finished reply is resumed after any of its events', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 9_000, unit: 'binary' }),
      fc.constantFrom('completed', 'blocked', 'cancelled'),
      fc.nat(),
      (content, status, cut) => {
        const reply = { ...REPLY, status, content } as Finished;
        const all = remainingEvents(reply, null);
        const seen = all.slice(0, 1 + (cut % all.length));
        expect([...seen, ...remainingEvents(reply, seen.at(-1)?.position ?? null)]).toEqual(all);
        expect(remainingEvents(reply, all.at(-1)?.position ?? null)).toEqual([]);
        expect(textOf(all)).toBe(content);
      },
    ),
  );
});

test('a failed reply resets the text of its last attempt', () => {
  fc.assert(
    fc.property(pieces, (said) => {
      const events: StreamEvent[] = [startEvent({ ...REPLY, status: 'pending', attempt: 0 })];
      live(events, 1, said);
      const whole = [
        ...events,
        ...remainingEvents({ ...REPLY, status: 'failed', content: '', errorCode: 'model_timeout' }, events.at(-1)?.position ?? null),
      ];
      expect(textOf(whole)).toBe('');
      expect(rises(whole)).toBe(true);
    }),
  );
});

test('no delta of a replay splits a surrogate pair', () => {
  const content = `${'a'.repeat(1_999)}😀${'😀'.repeat(3_000)}`;
  for (const { data } of remainingEvents({ ...REPLY, content } as Finished, null)) {
    if (typeof data !== 'string' && data.type === 'text-delta') expect(String(data['delta']).isWellFormed()).toBe(true);
  }
});

test('a second copy starts over for a reader of the first one, and only begins for other readers', () => {
  const typesAt = (position: StreamPosition) =>
    pieceEvents(position, { attempt: 1, n: nextCopy(START) + deltaPosition(5) }, 'Hello').map(({ data }) => data);
  const text = [
    { type: 'text-start', id: 'text' },
    { type: 'text-delta', id: 'text', delta: 'Hello' },
  ];
  expect(typesAt({ attempt: 1, n: deltaPosition(3) })).toEqual([{ type: 'reset-step' }, ...text]);
  expect(typesAt({ attempt: 1, n: START })).toEqual([{ type: 'start-step' }, ...text]);
  expect(typesAt({ attempt: 1, n: nextCopy(START) + deltaPosition(3) })).toEqual([{ type: 'text-delta', id: 'text', delta: 'lo' }]);
});

test('a wait has the position of its reader, who resumes there as if there had been none', () => {
  const position = { attempt: 1, n: deltaPosition(3) };
  const pause = { model: 'gemini-3.5-flash-lite', status: 'streaming', until: new Date(Date.now() + 1_500) } as const;
  const event = waitEvent(pause, position);
  expect(event).toEqual({
    position,
    data: {
      type: 'data-wait',
      data: { status: 'streaming', model: pause.model, until: pause.until.toISOString(), retry_after: 2 },
      transient: true,
    },
  });
  expect(parsePosition(formatPosition(event.position))).toEqual(position);
});

test('a frame is an id and one line of data', () => {
  expect(toFrame({ position: { attempt: 2, n: 7 }, data: { type: 'text-delta', id: 'text', delta: 'a\nb' } })).toBe(
    'id: 2-7\ndata: {"type":"text-delta","id":"text","delta":"a\\nb"}\n\n',
  );
});

test.each([
  ['1-0', { attempt: 1, n: 0 }],
  ['12-345', { attempt: 12, n: 345 }],
])('%s is a position', (text, position) => {
  expect(parsePosition(text)).toEqual(position);
  expect(formatPosition(position)).toBe(text);
});

test.each([undefined, '', 'x', '1', '1-', '-1', '1-2-3', '1.5-2', '-1-2', '9999999999-1'])('%s is the beginning', (text) => {
  expect(parsePosition(text)).toBeNull();
});
