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
