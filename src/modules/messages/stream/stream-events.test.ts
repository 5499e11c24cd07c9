import fc from 'fast-check';
import { deltaEvent, openingEvents, remainingEvents, startEvent, type StreamedReply, type StreamEvent, toFrame } from './stream-events.js';
import { formatPlace, offsetAt, parsePlace, type Place } from './stream-place.js';

const REPLY: StreamedReply = {
  id: '019ab3f2-7b21-7a90-9d3c-6f1e2d3c4b5a',
  chatroom_id: '019ab3f2-6f7e-7cc0-8b1e-2f8a3c1d4e5f',
  parent_id: '019ab3f2-7b20-7d10-8c2b-5e0d1c2b3a49',
  model: 'gemini-3.5-flash-lite',
  status: 'completed',
  attempt: 1,
  content: 'Hello',
  finish_reason: 'stop',
  error_code: null,
  input_tokens: 1,
  output_tokens: 2,
  reasoning_tokens: 0,
  total_tokens: 3,
  usage_estimated: false,
};
type Terminal = Parameters<typeof remainingEvents>[0];

const textOf = (events: readonly StreamEvent[]): string =>
  events.reduce((text, { data }) => {
    if (typeof data === 'string') return text;
    if (data.type === 'reset-step') return '';
    return data.type === 'text-delta' ? text + String(data['delta']) : text;
  }, '');

const rises = (events: readonly StreamEvent[]): boolean =>
  events.every(({ place }, i) => {
    const before = events[i - 1]?.place;
    return !before || place.attempt > before.attempt || (place.attempt === before.attempt && place.n > before.n);
  });

/** What a reader gets live of an attempt that has said these pieces. */
function live(events: StreamEvent[], attempt: number, pieces: readonly string[]): void {
  let end = 0;
  for (const piece of pieces) {
    const place = events.at(-1)?.place ?? { attempt, n: 0 };
    end += piece.length;
    events.push(...openingEvents(place, attempt), deltaEvent(attempt, end, piece));
  }
}

const pieces = fc.array(fc.string({ minLength: 1, maxLength: 30, unit: 'binary' }), { maxLength: 20 });

test('live up to any point over any tries, then the stored reply: the text is whole and the ids rise', () => {
  fc.assert(
    fc.property(fc.array(pieces, { minLength: 1, maxLength: 4 }), fc.nat(), (tries, cut) => {
      const events: StreamEvent[] = [startEvent({ ...REPLY, status: 'pending', attempt: 0 })];
      tries.forEach((said, i) => {
        live(events, i + 1, said);
      });
      const seen = events.slice(0, 1 + (cut % events.length));
      const reply = { ...REPLY, attempt: tries.length, content: (tries.at(-1) ?? []).join('') } as Terminal;
      const whole = [...seen, ...remainingEvents(reply, seen.at(-1)?.place ?? null)];
      expect(textOf(whole)).toBe(reply.content);
      expect(rises(whole)).toBe(true);
      expect(whole.at(-1)?.data).toBe('[DONE]');
    }),
  );
});

test('a finished reply is resumed after any of its events', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 9_000, unit: 'binary' }),
      fc.constantFrom('completed', 'blocked', 'cancelled'),
      fc.nat(),
      (content, status, cut) => {
        const reply = { ...REPLY, status, content } as Terminal;
        const all = remainingEvents(reply, null);
        const seen = all.slice(0, 1 + (cut % all.length));
        expect([...seen, ...remainingEvents(reply, seen.at(-1)?.place ?? null)]).toEqual(all);
        expect(remainingEvents(reply, all.at(-1)?.place ?? null)).toEqual([]);
        expect(textOf(all)).toBe(content);
      },
    ),
  );
});

test('a failed reply takes back whatever its last try had said', () => {
  fc.assert(
    fc.property(pieces, (said) => {
      const events: StreamEvent[] = [startEvent({ ...REPLY, status: 'pending', attempt: 0 })];
      live(events, 1, said);
      const whole = [
        ...events,
        ...remainingEvents({ ...REPLY, status: 'failed', content: '', error_code: 'model_timeout' }, events.at(-1)?.place ?? null),
      ];
      expect(textOf(whole)).toBe('');
      expect(rises(whole)).toBe(true);
    }),
  );
});

test('no delta of a replay splits a surrogate pair', () => {
  const content = `${'a'.repeat(1_999)}😀${'😀'.repeat(3_000)}`;
  for (const { data } of remainingEvents({ ...REPLY, content } as Terminal, null)) {
    if (typeof data !== 'string' && data.type === 'text-delta') expect(String(data['delta']).isWellFormed()).toBe(true);
  }
});

test('a frame is an id and one line of data', () => {
  expect(toFrame(deltaEvent(2, 5, 'a\nb'))).toBe('id: 2-7\ndata: {"type":"text-delta","id":"text","delta":"a\\nb"}\n\n');
});

test.each([
  ['1-0', { attempt: 1, n: 0 }],
  ['12-345', { attempt: 12, n: 345 }],
])('%s is a place', (text, place) => {
  expect(parsePlace(text)).toEqual(place);
  expect(formatPlace(place)).toBe(text);
});

test.each([undefined, '', 'x', '1', '1-', '-1', '1-2-3', '1.5-2', '-1-2', '9999999999-1'])('%s is the beginning', (text) => {
  expect(parsePlace(text)).toBeNull();
});

test('a place tells how much of the text its reader has', () => {
  const offsets = [0, 1, 2, 3, 10].map((n) => offsetAt({ attempt: 1, n } satisfies Place));
  expect(offsets).toEqual([0, 0, 0, 1, 8]);
});
