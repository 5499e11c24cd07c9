/** At most this many pages. */
const PAGES = 20;

/**
 * What Gemini says of the search behind an answer: pages, which bytes of the text rest on them (repeated, overlapping,
 * and by several pages at once), and the HTML of search suggestions. All of it is made up.
 *
 * @param pages how many pages were found
 */
export function groundingOf(text: string, question: string, pages: number): Record<string, unknown> {
  const count = Math.min(PAGES, Math.max(1, pages));
  const paragraphs = paragraphsOf(text);
  const [first] = paragraphs;
  const last = paragraphs.at(-1);
  const supports = paragraphs.map((segment, i) => ({ segment, groundingChunkIndices: [i % count, (i + 1) % count] }));
  const query = question.replace(/\[\[[^[\]]*\]\]/gu, '').trim() || 'simulated search';
  return {
    webSearchQueries: [query.slice(0, 80), `${query.slice(0, 60)} news`].map((one) => one.toWellFormed()),
    searchEntryPoint: {
      renderedContent:
        '<style>.container{font:14px sans-serif}.chip{border:1px solid;border-radius:16px;padding:4px 12px}</style>' +
        '<div class="container"><a class="chip" href="https://www.google.com/search?q=simulated">Simulated search suggestion</a></div>',
    },
    groundingChunks: Array.from({ length: count }, (_, i) => ({
      web: {
        uri: `https://vertexaisearch.cloud.google.com/grounding-api-redirect/simulated-${i + 1}`,
        title: `page-${i + 1}.example 你好 🙂`,
      },
    })),
    groundingSupports: [
      ...supports,
      ...supports.slice(0, 1),
      ...(first && last ? [{ segment: segmentOf(text, first.from, last.to), groundingChunkIndices: [0] }] : []),
    ].map(({ segment, groundingChunkIndices }) => ({ segment: wireSegmentOf(segment), groundingChunkIndices })),
  };
}

interface Segment {
  /** UTF-16 offsets. */
  from: number;
  to: number;
  startIndex: number;
  endIndex: number;
  text: string;
}

function segmentOf(whole: string, from: number, to: number): Segment {
  const text = whole.slice(from, to);
  const startIndex = Buffer.byteLength(whole.slice(0, from));
  return { from, to, startIndex, endIndex: startIndex + Buffer.byteLength(text), text };
}

/** Gemini leaves out an index of 0. */
const wireSegmentOf = ({ startIndex, endIndex, text }: Segment) => ({ ...(startIndex === 0 ? {} : { startIndex }), endIndex, text });

const paragraphsOf = (text: string): Segment[] =>
  [...text.matchAll(/[^\n]+/gu)].slice(0, 20).map(({ 0: words, index }) => segmentOf(text, index, index + words.length));
