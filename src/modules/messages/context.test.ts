import { chooseContext, historyLimits, instructionOf, type PathMessage, toTurns } from './context.js';

type Said = Pick<PathMessage, 'role' | 'status' | 'content' | 'isRefused'>;
const user = (content: string): Said => ({ role: 'user', status: 'completed', content, isRefused: false });
const model = (content: string, status: PathMessage['status'] = 'completed'): Said => ({
  role: 'model',
  status,
  content,
  isRefused: false,
});
const refused = (): Said => ({ ...model('', 'failed'), isRefused: true });

describe('turns', () => {
  test('a conversation is given as it went', () => {
    expect(toTurns([user('a'), model('b'), user('c')])).toEqual([
      { role: 'user', text: 'a' },
      { role: 'model', text: 'b' },
      { role: 'user', text: 'c' },
    ]);
  });

  test('a cancelled reply is given as far as it came', () => {
    expect(toTurns([user('a'), model('half', 'cancelled'), user('c')]).map(({ text }) => text)).toEqual(['a', 'half', 'c']);
  });

  test('a reply without text, or a failed one, leaves its question', () => {
    expect(toTurns([user('a'), model('', 'cancelled'), user('b'), model('x', 'failed'), user('c')]).map(({ text }) => text)).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  test('a blocked reply takes its question with it', () => {
    expect(toTurns([user('a'), model('b'), user('bad'), model('', 'blocked'), user('c')]).map(({ text }) => text)).toEqual(['a', 'b', 'c']);
  });

  test('a reply whose message the model refused takes that message with it', () => {
    expect(toTurns([user('a'), model('b'), user('bad'), refused(), user('c')]).map(({ text }) => text)).toEqual(['a', 'b', 'c']);
    expect(toTurns([refused(), user('c')]).map(({ text }) => text)).toEqual(['c']);
  });

  test('in doubt, every message is left out whose reply has no text', () => {
    const path = [
      user('a'),
      model('b'),
      user('x'),
      model('', 'cancelled'),
      user('y'),
      model('', 'failed'),
      user('z'),
      model('half', 'cancelled'),
    ];
    expect(toTurns([...path, user('c')], { answeredOnly: true }).map(({ text }) => text)).toEqual(['a', 'b', 'z', 'half', 'c']);
  });

  test('a history that was cut before an answer begins with the next question', () => {
    expect(toTurns([model('b'), user('c')])).toEqual([{ role: 'user', text: 'c' }]);
  });
});

describe('context', () => {
  /**
   * A branch from `first` (its depth) of messages of 10 tokens, that ends with a question; summaries by the depth that
   * they end at.
   */
  const branch = (first: number, last: number, summaries: Record<number, string | null> = {}): PathMessage[] =>
    Array.from({ length: last - first + 1 }, (_, i) => {
      const depth = first + i;
      const content = summaries[depth];
      return {
        id: `m${depth}`,
        depth,
        tokens: 10,
        ...(depth % 2 === 1 ? user(`q${depth}`) : model(`a${depth}`)),
        summary: content == null ? null : { content, covered: depth },
        hasSummary: content !== undefined,
      };
    });
  const LIMITS = { tokens: 100, messages: 1_000 };
  const seen = (path: PathMessage[], limits = LIMITS) => {
    const { turns, ...context } = chooseContext(path, limits);
    return { ...context, first: turns[0]?.text, turns: turns.length };
  };

  test('what fits is given whole, and needs no summary while there is room', () => {
    expect(seen(branch(1, 7))).toEqual({ turns: 7, first: 'q1', summary: null, summarised: 0, trimmed: 0, summaryAt: null });
  });

  test('a summary is asked for before it is needed, and leaves half of the history as it was said', () => {
    expect(seen(branch(1, 9))).toEqual({ turns: 9, first: 'q1', summary: null, summarised: 0, trimmed: 0, summaryAt: 'm4' });
  });

  test('one that is being made, or that could not be made, is not asked for again', () => {
    expect(seen(branch(1, 9, { 4: null })).summaryAt).toBeNull();
    expect(seen(branch(2, 11, { 4: null })).summaryAt).toBeNull();
  });

  test('what does not fit is given as the summary that leaves the most as it was said', () => {
    expect(seen(branch(4, 13, { 4: 'short', 6: 'later' }))).toEqual({
      turns: 9,
      first: 'q5',
      summary: 'short',
      summarised: 4,
      trimmed: 0,
      summaryAt: null,
    });
  });

  test('a summary counts as history: the next one is taken when it does not fit', () => {
    expect(seen(branch(4, 13, { 4: 'x'.repeat(60), 6: 'later' }))).toMatchObject({ turns: 7, summary: 'later', summarised: 6 });
  });

  test('the next summary is asked for when the newest is as far back as the first was', () => {
    expect(seen(branch(4, 11, { 4: 'short' })).summaryAt).toBeNull();
    expect(seen(branch(4, 13, { 4: 'short' })).summaryAt).toBe('m8');
  });

  test('without a summary what does not fit is trimmed, and a summary is asked for', () => {
    expect(seen(branch(12, 21))).toEqual({ turns: 9, first: 'q13', summary: null, summarised: 0, trimmed: 12, summaryAt: 'm16' });
  });

  test('a summary that does not tell of all says so', () => {
    const path = branch(12, 21, { 14: 'late' }).map((message) =>
      message.summary ? { ...message, summary: { content: 'late', covered: 4 } } : message,
    );
    expect(seen(path)).toMatchObject({ turns: 7, summarised: 4, trimmed: 10 });
  });

  test('the number of messages is limited as their length is', () => {
    expect(seen(branch(1, 8), { tokens: 10_000, messages: 10 }).summaryAt).toBe('m4');
  });

  test('a question that is larger than all is given alone', () => {
    const [question] = branch(9, 9);
    if (!question) throw new Error('no question');
    expect(seen([{ ...question, tokens: 1_000 }])).toEqual({
      turns: 1,
      first: 'q9',
      summary: null,
      summarised: 0,
      trimmed: 8,
      summaryAt: null,
    });
  });
});

test('the summary follows the instruction of the room', () => {
  expect(instructionOf(null, null)).toBeNull();
  expect(instructionOf('Be brief.', null)).toBe('Be brief.');
  expect(instructionOf('Be brief.', 'Ada plans a trip.')).toBe(
    'Be brief.\n\nSummary of the earlier part of the conversation, which is not shown any more:\n\nAda plans a trip.',
  );
});

test('no more than a thousand messages are looked at', () => {
  expect(historyLimits(5)).toEqual({ tokens: 5, messages: 1_000 });
});
