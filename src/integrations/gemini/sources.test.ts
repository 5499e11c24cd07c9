import fc from 'fast-check';
import { type WebSearch, WebSearchReader } from './sources.js';

type Metadata = Parameters<WebSearchReader['add']>[0];

function read(content: string, ...pieces: Metadata[]): WebSearch | null {
  const reader = new WebSearchReader();
  for (const piece of pieces) reader.add(piece);
  return reader.end(content);
}

const PAGE = { web: { uri: 'https://a.example/', title: 'A' } };

const words = fc.constantFrom('word ', '你好，世界', '👩\u200d💻', '🏳️\u200d🌈', 'e\u0301', 'naïve ', '\u0928\u093f', '𝒳', '\n');

test('offsets in bytes become the UTF-16 offsets of the same text, whatever the script, repeated and overlapping', () => {
  fc.assert(
    fc.property(
      fc.array(words, { minLength: 1, maxLength: 40 }),
      fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 20 }),
      (pieces, cuts) => {
        const characters = Array.from(pieces.join(''));
        const content = characters.join('');
        const ranges = cuts
          .map(([a, b]) => [a % (characters.length + 1), b % (characters.length + 1)].sort((x, y) => x - y) as [number, number])
          .filter(([a, b]) => a < b);
        const bytesTo = (n: number) => Buffer.byteLength(characters.slice(0, n).join(''));
        const supports = [...ranges, ...ranges].map(([a, b]) => ({
          segment: { ...(a === 0 ? {} : { startIndex: bytesTo(a) }), endIndex: bytesTo(b) },
          groundingChunkIndices: [0, 0],
        }));
        const expected = [...new Set(ranges.map(([a, b]) => characters.slice(a, b).join('')))].sort();
        const passages = read(content, { groundingChunks: [PAGE], groundingSupports: supports })?.sources[0]?.passages ?? [];
        expect([...new Set(passages.map(([start, end]) => content.slice(start, end)))].sort()).toEqual(expected);
        expect(new Set(passages.map(String)).size).toBe(passages.length);
      },
    ),
  );
});

test('whatever the offsets are, a passage is a part of the text between two characters, and in order', () => {
  const offsets = fc.oneof(fc.nat(200), fc.integer(), fc.double(), fc.constant(undefined));
  const texts = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.toWellFormed());
  fc.assert(
    fc.property(texts, fc.array(fc.tuple(offsets, offsets), { maxLength: 20 }), (content, cuts) => {
      const supports = cuts.map(([startIndex, endIndex]) => ({
        segment: { ...(startIndex === undefined ? {} : { startIndex }), ...(endIndex === undefined ? {} : { endIndex }) },
        groundingChunkIndices: [0],
      }));
      const passages = read(content, { groundingChunks: [PAGE], groundingSupports: supports })?.sources[0]?.passages ?? [];
      for (const [i, [start, end]] of passages.entries()) {
        expect(start < end && start >= 0 && end <= content.length).toBe(true);
        expect(content.slice(0, start).isWellFormed() && content.slice(start, end).isWellFormed()).toBe(true);
        expect((passages[i - 1]?.[0] ?? 0) <= start).toBe(true);
      }
    }),
  );
});

test('an offset in the middle of a character means its beginning, and one beyond the end leads nowhere', () => {
  fc.assert(
    fc.property(fc.array(words, { minLength: 1, maxLength: 20 }), fc.nat(), (pieces, choice) => {
      const content = pieces.join('');
      const characters = Array.from(content);
      const at = choice % characters.length;
      const start = Buffer.byteLength(characters.slice(0, at).join(''));
      const size = Buffer.byteLength(characters[at] ?? '');
      const passagesOf = (segment: object) =>
        read(content, { groundingChunks: [PAGE], groundingSupports: [{ segment, groundingChunkIndices: [0] }] })?.sources[0]?.passages;
      const end = content.length;
      const from = characters.slice(0, at).join('').length;
      const bytes = Buffer.byteLength(content);
      for (let inside = 0; inside < size; inside += 1) {
        expect(passagesOf({ startIndex: start + inside, endIndex: bytes })).toEqual([[from, end]]);
        expect(passagesOf({ endIndex: start + inside })).toEqual(from === 0 ? [] : [[0, from]]);
      }
      for (const beyond of [bytes + 1, bytes * 2 + 1, 2 ** 31, NaN, -1, 0.5]) {
        expect(passagesOf({ startIndex: start, endIndex: beyond })).toEqual([]);
        expect(passagesOf({ startIndex: beyond, endIndex: bytes })).toEqual([]);
      }
    }),
  );
});

test('lone surrogates, which the text has as replacement characters, move no passage: the text of the segment is looked for', () => {
  // A program that wrote WTF-8 or dropped them counts other bytes.
  const content = `${'\ud83d'.toWellFormed()} one 😀 two`;
  const segment = { startIndex: 5, endIndex: 12, text: '😀 two' };
  const passages = read(content, { groundingChunks: [PAGE], groundingSupports: [{ segment, groundingChunkIndices: [0] }] })?.sources[0]
    ?.passages;
  expect(passages?.map(([start, end]) => content.slice(start, end))).toEqual(['😀 two']);
});

test('a passage is where its text is when its offsets count otherwise, and nowhere without it', () => {
  const supportOf = (segment: object) => ({ groundingChunks: [PAGE], groundingSupports: [{ segment, groundingChunkIndices: [0] }] });
  const passagesOf = (segment: object) => read('你好 world', supportOf(segment))?.sources[0]?.passages;
  expect(passagesOf({ startIndex: 1, endIndex: 3, text: 'world' })).toEqual([[3, 8]]);
  expect(passagesOf({ startIndex: 1, endIndex: 3, text: 'gone' })).toEqual([]);
  expect(passagesOf({ startIndex: 500, endIndex: 900 })).toEqual([]);
});

test('a page is named once, over all pieces of the stream, and only by an address of the web', () => {
  const web = (uri: string, title?: string) => ({ web: { uri, ...(title === undefined ? {} : { title }) } });
  const found = read(
    'Hello',
    { webSearchQueries: ['a', 'b'], groundingChunks: [web('javascript:alert(1)', 'no'), web('https://a.example/', 'A')] },
    { webSearchQueries: ['b'], groundingSupports: [{ segment: { endIndex: 5 }, groundingChunkIndices: [0, 1, 9] }] },
    { groundingChunks: [web('https://a.example/', 'again'), web('http://b.example/x')], searchEntryPoint: { renderedContent: '<p>b</p>' } },
  );
  expect(found).toEqual({
    sources: [
      { url: 'https://a.example/', title: 'A', passages: [[0, 5]] },
      { url: 'http://b.example/x', title: 'b.example', passages: [] },
    ],
    suggestions: '<p>b</p>',
    queries: 2,
  });
  expect(read('Hello')).toBeNull();
});
