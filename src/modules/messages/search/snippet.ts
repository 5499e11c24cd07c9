import { matchesIn, type SearchTerms, type Word } from './words.js';

export interface Snippet {
  readonly text: string;
  /** UTF-16 offsets of the words in the text, the end excluded; in order, without overlaps. */
  readonly highlights: [start: number, end: number][];
}

/** The length of a snippet in UTF-16 units. */
const LENGTH = 200;
/** The most UTF-16 units that are shown before the first word. */
const LEAD = 40;

/** The part of a text that shows the most of the terms. */
export function snippetOf(text: string, terms: SearchTerms): Snippet {
  const matches = matchesIn(text, terms);
  const first = densest(matches);
  const start = first && first.end > LENGTH ? wholeCharacter(text, afterSpace(text, Math.max(0, first.start - LEAD), first.start)) : 0;
  const end = wholeCharacter(text, Math.min(text.length, start + LENGTH));
  const [before, after] = [start > 0 ? '…' : '', end < text.length ? '…' : ''];
  const shift = before.length - start;
  return {
    text: before + text.slice(start, end).replace(/\s/g, ' ') + after,
    highlights: merge(matches.filter((match) => match.start >= start && match.start < end)).map((match) => [
      match.start + shift,
      Math.min(match.end, end) + shift,
    ]),
  };
}

/** The match that begins the part of a snippet's length with the most different terms; the earliest of several. */
function densest(matches: readonly Word[]): Word | null {
  const counts = new Map<string, number>();
  let [best, most, right] = [matches[0] ?? null, 0, 0];
  for (const match of matches) {
    for (let next = matches[right]; next && next.end <= match.start + LENGTH - LEAD; next = matches[(right += 1)]) {
      counts.set(next.term, (counts.get(next.term) ?? 0) + 1);
    }
    if (counts.size > most) [best, most] = [match, counts.size];
    const left = (counts.get(match.term) ?? 0) - 1;
    if (left > 0) counts.set(match.term, left);
    else counts.delete(match.term);
  }
  return best;
}

/** The offset after the first space between two offsets; without a space, the first offset. */
function afterSpace(text: string, from: number, to: number): number {
  if (from === 0) return 0;
  const space = text.slice(from, to).search(/\s/);
  return space === -1 ? from : from + space + 1;
}

/** The offset, or the one before it where it would split a surrogate pair. */
const wholeCharacter = (text: string, at: number): number => (/^[\uDC00-\uDFFF]/.test(text.slice(at, at + 1)) ? at - 1 : at);

function merge(matches: readonly Word[]): { start: number; end: number }[] {
  const merged: { start: number; end: number }[] = [];
  for (const { start, end } of matches) {
    const last = merged.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}
