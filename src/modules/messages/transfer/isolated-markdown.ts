import MarkdownIt from 'markdown-it';

/**
 * CommonMark without HTML blocks and link reference definitions. These become text, so the rest is parsed as if they
 * were text.
 */
const parser = new MarkdownIt('commonmark').disable(['html_block', 'reference']);
type Token = ReturnType<typeof parser.parse>[number];

/** The position of a character that gets a backslash before it. */
interface EscapePosition {
  readonly line: number;
  readonly column: number;
}

/**
 * Changes Markdown so that it has no effect on the text after it in a document, nor the text before it on it.
 *
 * - A code fence that is left open is closed.
 * - HTML is shown as text, as a chat shows it: a comment or an element that is left open would swallow what follows.
 * - A link reference definition is shown as text, as it would hold for the whole document.
 * - A heading that `isReserved` is shown as text.
 *
 * @param isReserved whether a heading looks like one of the document around it
 */
export function isolateMarkdown(markdown: string, isReserved: (heading: string) => boolean): string {
  const lines = markdown.replace(/\r\n?/gu, '\n').split('\n');
  const tokens: Token[] = [];
  // Only blocks are parsed: inline content is not needed, and takes the most time.
  parser.block.parse(lines.join('\n'), parser, {}, tokens);
  const positions = tokens.flatMap((token, i) => [
    ...effectsOf(token, tokens[i - 1], lines),
    ...headingOf(token, tokens[i - 1], lines, isReserved),
  ]);
  const fence = openFence(tokens, lines);
  const columnsOf = new Map<number, Set<number>>();
  for (const { line, column } of positions) columnsOf.set(line, (columnsOf.get(line) ?? new Set()).add(column));
  for (const [line, columns] of columnsOf)
    lines[line] = escapedAt(
      lines[line] ?? '',
      [...columns].sort((a, b) => a - b),
    );
  return [...lines, ...(fence === null ? [] : [fence])].join('\n');
}

const escapedAt = (line: string, columns: readonly number[]): string =>
  [0, ...columns].map((column, i) => line.slice(column, columns[i])).join('\\');

/** The closing fence that the text lacks. A fence in a list or quote ends with the list or quote. */
function openFence(tokens: readonly Token[], lines: readonly string[]): string | null {
  const last = tokens.at(-1);
  if (last?.type !== 'fence' || last.level !== 0) return null;
  const from = last.map?.[0] ?? 0;
  const end = new RegExp(`^ {0,3}${last.markup.charAt(0)}{${last.markup.length},}[ \\t]*$`, 'u');
  return lines.some((line, i) => i > from && end.test(line)) ? null : last.markup;
}

/** The positions where HTML and link reference definitions begin in the text of a paragraph or heading. */
function effectsOf(token: Token, opening: Token | undefined, lines: readonly string[]): EscapePosition[] {
  if (token.type !== 'inline' || token.map === null) return [];
  const [from] = token.map;
  const { content } = token;
  const starts = lineStarts(content);
  const definitions =
    opening?.markup.startsWith('#') === true ? [] : beginningsOf(content, starts).filter((start) => isDefinition(content, start));
  const offsets = [...definitions, ...htmlIn(content)].sort((a, b) => a - b);
  let next = 0;
  return starts.flatMap((start, i) => {
    const end = starts[i + 1] ?? content.length + 1;
    const first = next;
    while ((offsets[next] ?? end) < end) next += 1;
    if (next === first) return [];
    const text = content.slice(start, end - 1);
    const column = columnOf(lines[from + i] ?? '', text.trim(), opening) - (text.length - text.trimStart().length);
    return offsets.slice(first, next).map((offset) => ({ line: from + i, column: column + offset - start }));
  });
}

/** The column of a text in its line: at the end, except in a heading, which may end with number signs. */
function columnOf(line: string, text: string, opening: Token | undefined): number {
  const marks = opening?.markup ?? '';
  return marks.startsWith('#') ? line.indexOf(text, line.indexOf(marks) + marks.length) : line.trimEnd().length - text.length;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** The offset at which the text of each line begins, after its indentation. */
const beginningsOf = (content: string, starts: readonly number[]): number[] =>
  starts.map((start, i) => {
    const line = content.slice(start, starts[i + 1] ?? content.length);
    return start + line.length - line.trimStart().length;
  });

const DEFINITION = /\[(?:\\[^]|[^\\[\]]){1,999}\]:/uy;

function isDefinition(content: string, start: number): boolean {
  DEFINITION.lastIndex = start;
  return DEFINITION.test(content);
}

/** Inline syntax in which `<` begins no HTML: escapes, code, addresses in angle brackets, and the targets of links. */
const ESCAPE = /\\[^]/uy;
const BACKTICKS = /`+/uy;
const AUTOLINK = /<(?:[a-z][a-z0-9+.-]{1,31}:[^\s<>]*|[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[a-z0-9.-]{1,255})>/iuy;
const TARGET = /\]\([ \t]*<[^<>\n]*>(?=[ \t]*\)|[ \t]+["'(])/uy;
const HTML = /<[a-z/!?]/iuy;

function htmlIn(content: string): number[] {
  const found: number[] = [];
  const ends = codeEnds(content);
  for (let at = 0; at < content.length;) {
    const length = (pattern: RegExp): number => {
      pattern.lastIndex = at;
      return pattern.exec(content)?.[0].length ?? 0;
    };
    const skipped = ends.get(at) ?? 0;
    const char = content[at];
    if (char === '\\') at += length(ESCAPE) || 1;
    else if (char === '`') at = skipped || at + length(BACKTICKS);
    else if (char === ']') at += length(TARGET) || 1;
    else if (char === '<') {
      const address = length(AUTOLINK);
      if (address === 0 && length(HTML) > 0) found.push(at);
      at += address || 1;
    } else at += 1;
  }
  return found;
}

/** The ends of code spans by their beginnings: a run of backticks that has another one of its length after it. */
function codeEnds(content: string): Map<number, number> {
  const ends = new Map<number, number>();
  const next = new Map<number, number>();
  for (const { index, 0: run } of [...content.matchAll(/`+/gu)].reverse()) {
    const after = next.get(run.length);
    if (after !== undefined) ends.set(index, after + run.length);
    next.set(run.length, index);
  }
  return ends;
}

function headingOf(
  token: Token,
  opening: Token | undefined,
  lines: readonly string[],
  isReserved: (heading: string) => boolean,
): EscapePosition[] {
  if (token.type !== 'inline' || opening?.type !== 'heading_open' || opening.level !== 0 || opening.map === null) return [];
  if (!isReserved(token.content)) return [];
  const isUnderlined = !opening.markup.startsWith('#');
  const line = isUnderlined ? opening.map[1] - 1 : opening.map[0];
  return [{ line, column: (lines[line] ?? '').search(/\S/u) }];
}
