import type { GroundingMetadata, Segment } from '@google/genai';

/** A web page that an answer rests on. */
export interface Source {
  readonly title: string;
  readonly url: string;
  /** Start and end of each passage of the answer's text that rests on it, in UTF-16 units. */
  readonly passages: readonly (readonly [start: number, end: number])[];
}

/** The result of the model's search of the web. */
export interface WebSearch {
  readonly sources: readonly Source[];
  /** Google's HTML, which its terms want shown beside the answer. */
  readonly suggestions: string | null;
  /** Queries, by which a search is billed. */
  readonly queries: number;
}

/** The most of what is kept: numbers of sources, and of passages of each; lengths of the texts. */
export const SOURCE_LIMITS = { sources: 50, passages: 200, url: 2_000, title: 300, suggestions: 65_536 } as const;

/** Gathers what the pieces of an answer say of its search. */
export class WebSearchReader {
  private readonly pages = new Map<string, { readonly title: string; readonly segments: Segment[] }>();
  private readonly queries = new Set<string>();
  private chunks: NonNullable<GroundingMetadata['groundingChunks']> = [];
  private suggestions: string | null = null;
  private isEmpty = true;

  /** A piece without pages of its own refers to those of the piece before. */
  add({ groundingChunks, groundingSupports, searchEntryPoint, webSearchQueries }: GroundingMetadata): void {
    this.isEmpty = false;
    for (const query of webSearchQueries ?? []) this.queries.add(query);
    const html = searchEntryPoint?.renderedContent;
    if (html !== undefined && html !== '') this.suggestions = html.length > SOURCE_LIMITS.suggestions ? null : storable(html);
    if (groundingChunks !== undefined && groundingChunks.length > 0) this.chunks = groundingChunks;
    for (const { web } of this.chunks) this.addPage(web?.uri, web?.title);
    for (const { segment, groundingChunkIndices } of groundingSupports ?? []) {
      for (const index of groundingChunkIndices ?? []) {
        const url = this.chunks[index]?.web?.uri;
        if (segment !== undefined && url !== undefined) this.pages.get(url)?.segments.push(segment);
      }
    }
  }

  /** @returns null where the model did not search. @param content the whole text of the answer */
  end(content: string): WebSearch | null {
    if (this.isEmpty) return null;
    const text = new IndexedText(content);
    const sources = [...this.pages].map(([url, { title, segments }]) => ({ url, title, passages: text.passagesOf(segments) }));
    return { sources, suggestions: this.suggestions, queries: Math.max(this.queries.size, sources.length > 0 ? 1 : 0) };
  }

  private addPage(url: string | undefined, title: string | undefined): void {
    if (url === undefined || this.pages.has(url) || this.pages.size === SOURCE_LIMITS.sources || !isWebAddress(url)) return;
    const shown = storable(title ?? '').trim();
    this.pages.set(url, {
      title: Array.from(shown === '' ? new URL(url).host : shown)
        .slice(0, SOURCE_LIMITS.title)
        .join(''),
      segments: [],
    });
  }
}

/** An address of a web page that can be stored and shown. */
export const isWebAddress = (url: string): boolean =>
  url.length <= SOURCE_LIMITS.url && /^https?:\/\//iu.test(url) && url.isWellFormed() && !url.includes('\0') && URL.canParse(url);

const storable = (text: string): string => text.replaceAll('\0', '').toWellFormed();

/** A text in which Gemini's offsets, which count bytes of UTF-8, are found. */
class IndexedText {
  /** The UTF-16 offset of the character that each byte belongs to, and the length at the end. */
  private readonly offsets: Uint32Array;

  constructor(private readonly text: string) {
    const bytes = Buffer.from(text);
    this.offsets = new Uint32Array(bytes.length + 1);
    let [at, next] = [0, 0];
    for (const [i, byte] of bytes.entries()) {
      // 10xxxxxx continues a character; 11110xxx begins one of two UTF-16 units.
      if ((byte & 0xc0) !== 0x80) [at, next] = [next, next + (byte >= 0xf0 ? 2 : 1)];
      this.offsets[i] = at;
    }
    this.offsets[bytes.length] = text.length;
  }

  /** In the order of the text, each once. */
  passagesOf(segments: readonly Segment[]): (readonly [number, number])[] {
    const passages = new Map<string, readonly [number, number]>();
    for (const segment of segments) {
      const passage = this.passageOf(segment);
      if (passage !== null && passages.size < SOURCE_LIMITS.passages) passages.set(passage.join(), passage);
    }
    return [...passages.values()].sort(([a, b], [c, d]) => a - c || b - d);
  }

  /** Offsets that do not lead to the text that is given with them count for nothing: the text itself is looked for. */
  private passageOf({ startIndex = 0, endIndex = 0, text }: Segment): readonly [number, number] | null {
    const start = this.offsets[startIndex];
    const end = this.offsets[endIndex];
    const isHere = start !== undefined && end !== undefined && start < end;
    if (isHere && (text === undefined || this.text.slice(start, end) === text)) return [start, end];
    const found = text === undefined || text === '' ? -1 : this.text.indexOf(text);
    return text === undefined || found === -1 ? null : [found, found + text.length];
  }
}
