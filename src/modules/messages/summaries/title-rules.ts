/** The limit in UTF-16 units, which is below the one for names that people give. */
const TITLE_LENGTH = 80;
/** A longer line is an answer to the conversation, not a title of it. */
const TOO_LONG = 200;

/**
 * The name of a room from a model's answer to the request for a title. The answer should be `{"title": …}`, but a model
 * or a server may ignore the schema, so plain text is accepted too.
 *
 * @param isWhole false when the model was stopped early, so that plain text may end within a word
 * @returns null when the answer is no title
 */
export function toTitle(answer: string, isWhole: boolean): string | null {
  const text = withoutFence(withoutThoughts(answer)).trim();
  if (/^[[{"]/u.test(text)) {
    const value = titleInJson(text);
    if (value !== undefined) return value === null ? null : titleIn(value.split(LINE_BREAK).join(' '));
    // A quotation mark also begins a quoted title.
    if (!text.startsWith('"')) return null;
  }
  return isWhole ? titleIn(text) : null;
}

/** The beginning of a message as the name of a room; null when it has no visible character. */
export function titleFromMessage(content: string): string | null {
  const lines = content.split(LINE_BREAK).filter((line) => !FENCE.test(line));
  const text = cleaned(lines.map((line) => line.replace(LINE_MARKS, '')).join(' '));
  return hasWords(text) ? beginningOf(text) : null;
}

const LINE_BREAK = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/u;
const FENCE = /^\s*(?:`{3,}|~{3,})/u;
/** Marks of Markdown at the beginning of a line: headings, quotes, list items. */
const LINE_MARKS = /^\s*(?:(?:#{1,6}|>|[*+-]|1[.)])(?:\s+|$))*/u;
const LABEL =
  /^(?:[*_]{1,3})?(?:(?:chat|conversation|suggested|short|possible)\s+)?(?:title|titre|titel|título|titolo|标题|標題|タイトル)s?(?:[*_]{1,3})?\s*[:：](?:[*_]{1,3})?\s*/iu;
/** Phrases such as `Sure! Here is a title for it:`; the title follows on the same line. */
const PREAMBLE =
  /^(?:(?:sure|certainly|of course|okay|ok|absolutely|great|yes)\b[\s,.!:–—-]*)?(?:here(?:'s|’s| is| are)\b[^:：]{0,60}\b(?:titles?|names?|one|it|suggestions?|answer|json)\b[^:：]{0,60}|here you (?:go|are)|(?:the|a|my|one)(?:\s+\p{L}+){0,2}\s+title(?:\s+(?:for|of|is|could|would|might)\b[^:：]{0,60})?|i(?:'d| would)? suggest[^:：]{0,60})[:：]\s*/iu;
const COURTESY = /^(?:sure|certainly|of course|okay|ok|absolutely|great)(?:\s+thing)?[\s,.!:]*$/iu;
const REFUSAL =
  /^(?:(?:(?:i'm|i’m|i am) )?(?:very )?sorry(?:[\s,.!:;—–-]+(?:but|i|as)\b|[\s,.!]*$)|(?:i'm|i’m|i am) (?:afraid|unable|not able)\b|i (?:can't|can’t|cannot|can not|won't|won’t|am unable to)\s+(?:help|assist|provide|create|generate|write|give|name|title|fulfil|comply|do|summari[sz]e)|as an ai\b|(?:null|undefined|none|n\/a|untitled|no title|title)$)/iu;
const EMPHASIS = /^([*_]{1,3}|`)([^*_`]+)\1$/u;
const WRAPPING_TAG = /^<([a-z][a-z0-9]*)\b[^>]*>(.*)<\/\1\s*>$/iu;
const QUOTED = /^["'“”„«»‘’`]+\s*([^"“”„«»`]*?)\s*["'“”„«»‘’`]+$/u;
const END = /[\s.。．,，;；:：]+$/u;
/** Remains of a model's own format. */
const LEFTOVERS = /^[[{]|<\/?(?:think|thinking|thought|reasoning|title|answer)\b|<\||\|>|```|~~~/iu;

/** The answer without reasoning that the model wrote into it. Reasoning without an end leaves no answer. */
const withoutThoughts = (answer: string): string =>
  answer
    .replace(/<(think|thinking|thought|reasoning)\b[^>]*>[^]*?<\/\1\s*>/giu, '')
    .replace(/^[^]*<\/(?:think|thinking|thought|reasoning)\s*>/iu, '')
    .replace(/<(?:think|thinking|thought|reasoning)\b[^>]*>[^]*$/iu, '');

/** The content of the answer's first code fence; without one, the answer itself. */
function withoutFence(answer: string): string {
  const lines = answer.split(LINE_BREAK);
  const open = lines.findIndex((line) => FENCE.test(line));
  if (open === -1) return answer;
  const close = lines.findIndex((line, i) => i > open && FENCE.test(line));
  return lines.slice(open + 1, close === -1 ? undefined : close).join('\n');
}

/** @returns undefined when the text is not JSON, null when the JSON has no title */
function titleInJson(text: string): string | null | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const inner: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  if (typeof inner === 'string') return inner;
  if (typeof inner !== 'object' || inner === null || !('title' in inner)) return null;
  return typeof inner.title === 'string' ? inner.title : null;
}

function titleIn(text: string): string | null {
  const [line = ''] = text
    .split(LINE_BREAK)
    .map(bare)
    .filter((given) => given !== '' && !COURTESY.test(given));
  if (!hasWords(line) || line.length > TOO_LONG || REFUSAL.test(line) || LEFTOVERS.test(line)) return null;
  return beginningOf(line);
}

/** The line without the marks and phrases that models put around a title. */
const bare = (line: string): string =>
  cleaned(line)
    .replace(LINE_MARKS, '')
    .replace(PREAMBLE, '')
    .replace(EMPHASIS, '$2')
    .replace(LABEL, '')
    .replace(WRAPPING_TAG, '$2')
    .replace(END, '')
    .replace(QUOTED, '$1')
    .replace(EMPHASIS, '$2')
    .replace(END, '');

/** A letter, digit, or symbol such as an emoji. */
const hasWords = (text: string): boolean => /[\p{L}\p{N}\p{So}]/u.test(text);

/**
 * The text on one line, without invisible characters: controls, bidirectional controls, private use, lone surrogates.
 * The joiners U+200C and U+200D stay between visible characters, where Persian, Indic scripts and emoji need them.
 */
const cleaned = (text: string): string =>
  text
    .normalize('NFC')
    .replace(/[\s\p{Z}\u0085]+/gu, ' ')
    .replace(/(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '')
    .replace(
      /(?<![\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])[\u200c\u200d]+|[\u200c\u200d]+(?![\p{L}\p{M}\p{Extended_Pictographic}])/gu,
      '',
    )
    .replace(/ {2,}/gu, ' ')
    .trim();

const WORDS = new Intl.Segmenter('und', { granularity: 'word' });
const GRAPHEMES = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** At most `TITLE_LENGTH` UTF-16 units, in whole words; a single longer word is cut between graphemes. */
function beginningOf(text: string): string {
  if (text.length <= TITLE_LENGTH) return text;
  const whole = fitting(text, WORDS).replace(/[\s\p{P}]+$/u, '');
  return `${whole === '' || whole.length < TITLE_LENGTH / 3 ? fitting(text, GRAPHEMES).trimEnd() : whole}…`;
}

function fitting(text: string, segmenter: Intl.Segmenter): string {
  let end = 0;
  for (const { index, segment } of segmenter.segment(text.slice(0, TITLE_LENGTH * 4))) {
    if (index + segment.length > TITLE_LENGTH - 1) break;
    end = index + segment.length;
  }
  return text.slice(0, end);
}
