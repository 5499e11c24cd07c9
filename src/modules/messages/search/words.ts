import { foldText } from '../../../common/fold-text.js';

/** A word of a text: its compared form, and its UTF-16 offsets, the end excluded. */
export interface Word {
  readonly term: string;
  readonly start: number;
  readonly end: number;
}

/** A message matches when it holds all terms, and a word that begins with `prefix`, the last term of the query. */
export interface SearchTerms {
  readonly terms: readonly string[];
  readonly prefix: string;
}

/**
 * Version of the rule by which a text becomes words, stored beside the words of a message. A release that changes the
 * rule raises it, with an index of the messages of older versions; workers then make their words again.
 */
export const WORDS_VERSION = 2;

/** Scripts that are written without spaces between words, and Hangul, whose particles stick to them. */
const UNSPACED = String.raw`[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]`;
/** Circled, squared and similar forms are symbols to Unicode, but their compatibility forms are letters. */
const LETTER = String.raw`(?!\p{DI})[\p{L}\p{N}\u2460-\u24ff\u2e80-\u2fdf\u3200-\u33ff\u{1f100}-\u{1f16f}\u{1f200}-\u{1f25f}]`;
/** Marks, and characters that are invisible inside a word. */
const JOINED = String.raw`[\p{M}\p{Cf}\p{DI}]`;
const runOf = (letter: string) => `${letter}(?:${JOINED}*${letter})*\\p{M}*`;
/** An emoji with its modifiers; emoji with joiners between them are a sequence. */
const EMOJI = String.raw`(?:\p{RI}{2}|\p{Extended_Pictographic})[\p{M}\p{EMod}\u{e0020}-\u{e007f}]*`;
const EMOJI_SEQUENCE = String.raw`${EMOJI}(?:\u200d${EMOJI})*`;
const SCRIPT_RUN = new RegExp(
  [runOf(`(?=${UNSPACED})${LETTER}`), runOf(`(?!${UNSPACED})${LETTER}`), `(?<emoji>${EMOJI_SEQUENCE})`].join('|'),
  'gu',
);
const STARTS_UNSPACED = new RegExp(`^${UNSPACED}`, 'u');
const EACH_EMOJI = /\p{RI}{2}|\p{Extended_Pictographic}/gu;
/**
 * A character with its combining marks. Half-width kana carry sound marks as characters, and Hangul may be decomposed
 * into its letters.
 */
const UNIT = new RegExp(
  String.raw`(?:[\u1100-\u115e]+[\u1161-\u11a7]*[\u11a8-\u11ff]*|[^\p{M}\p{Cf}\p{DI}ﾞﾟ])[\p{M}\p{Cf}\p{DI}ﾞﾟ]*|[\p{M}ﾞﾟ]+`,
  'gu',
);

const MAX_TERM = 64;
/** UTF-16 units of text that a term is made of. A letter may have many marks, and normalising n marks takes O(n²). */
const MAX_TERM_TEXT = 1_024;
/** UTF-16 units of a text that can be found; the rest is not indexed. */
export const MAX_LENGTH = 200_000;
/** Words of a message that can be found; further ones are not indexed. */
const MAX_WORDS = 20_000;
/** PostgreSQL takes no vector of a megabyte. */
const MAX_BYTES = 800_000;
/** Bytes of a term besides its text: its mark, and PostgreSQL's own overhead. */
const TERM_BYTES = 32;

/**
 * The words of a text in any language, folded, and without a dictionary. Where a script has no spaces, every two
 * neighbouring characters are a word, and so is the last one alone: any part of a sentence can be found. Every emoji is
 * a word; those of one sequence share its offsets.
 *
 * PostgreSQL's parser is not used, because its notion of a letter depends on the locale of the database.
 *
 * @param limit splitting stops after this many words
 */
export function wordsOf(text: string, limit = Infinity): Word[] {
  const words: Word[] = [];
  for (const { 0: run, index, groups } of text.slice(0, MAX_LENGTH).matchAll(SCRIPT_RUN)) {
    if (words.length >= limit) break;
    if (groups?.['emoji'] !== undefined) {
      for (const [emoji] of run.matchAll(EACH_EMOJI)) words.push({ term: emoji, start: index, end: index + run.length });
    } else if (STARTS_UNSPACED.test(run)) addPairs(words, run, index, limit);
    else add(words, run, index, index + run.length);
  }
  return words;
}

/** The terms of a query; null when it has no letter, digit or emoji. */
export function searchTermsOf(text: string): SearchTerms | null {
  const words = wordsOf(text);
  const last = words.at(-1);
  if (!last) return null;
  // The last character of a run of several is part of the pair before it.
  const before = words.at(-2);
  const prefix = before && isLastOfPair(last, words) ? before : last;
  const terms = new Set(words.filter((word) => word !== last && !isLastOfPair(word, words)).map(({ term }) => term));
  terms.delete(prefix.term);
  return { terms: [...terms], prefix: prefix.term };
}

/** The words of a text that match, in the order of the text. */
export const matchesIn = (text: string, { terms, prefix }: SearchTerms): Word[] => {
  const exact = new Set(terms);
  return wordsOf(text).filter(({ term }) => exact.has(term) || term.startsWith(prefix));
};

/**
 * The words of a message as text of a tsvector, each after a `~`, which `markedWords` replaces by the mark; null when
 * there are none.
 */
export function toVector(text: string): string | null {
  const positions = new Map<string, number[]>();
  let bytes = 0;
  for (const [i, { term }] of wordsOf(text, MAX_WORDS).slice(0, MAX_WORDS).entries()) {
    let own = positions.get(term);
    if (!own) {
      bytes += Buffer.byteLength(term) + TERM_BYTES;
      if (bytes > MAX_BYTES) break;
      positions.set(term, (own = []));
    }
    // PostgreSQL keeps no more positions of a word, and none further on.
    if (own.length < 255 && i < 16_383) own.push(i + 1);
  }
  if (positions.size === 0) return null;
  return [...positions].map(([term, own]) => `'~${term}'${own.length > 0 ? `:${own.join(',')}` : ''}`).join(' ');
}

/** The terms as text of a tsquery, each after a `~`, as in `toVector`. */
export const toQuery = ({ terms, prefix }: SearchTerms): string => [...terms.map((term) => `'~${term}'`), `'~${prefix}':*`].join(' & ');

const isLastOfPair = (word: Word, words: readonly Word[]): boolean => {
  const before = words[words.indexOf(word) - 1];
  return before?.end === word.end && before.start < word.start;
};

function addPairs(words: Word[], run: string, index: number, limit: number): void {
  let before: { readonly text: string; readonly start: number } | null = null;
  for (const { 0: text, index: at } of run.matchAll(UNIT)) {
    const start = index + at;
    if (before) add(words, before.text + text, before.start, start + text.length);
    if (words.length >= limit) return;
    before = { text, start };
  }
  if (before) add(words, before.text, before.start, index + run.length);
}

function add(words: Word[], text: string, start: number, end: number): void {
  const term = toTerm(text);
  if (term !== '') words.push({ term, start, end });
}

const toTerm = (text: string): string =>
  foldText(text.slice(0, MAX_TERM_TEXT))
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '')
    .slice(0, MAX_TERM)
    .replace(/\p{Surrogate}$/u, '');
