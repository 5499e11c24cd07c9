/** A node of a Markdown tree (mdast), as far as marks need to know it. */
export interface MarkdownNode {
  type: string;
  value?: string;
  children?: MarkdownNode[];
  /** Absent where a plugin has made the node. */
  position?: { start: Point; end: Point } | undefined;
  data?: object;
}

interface Point {
  line: number;
  column: number;
  /** In UTF-16 units of the source. */
  offset?: number | undefined;
}

interface Mark extends MarkdownNode {
  type: 'passageMark';
  numbers: number[];
}

/** A source by the passages that rest on it: the start and the end of each, in UTF-16 units of the source text. */
export interface MarkedSource {
  readonly passages: readonly (readonly number[])[];
}

const INLINE = new Set(['emphasis', 'strong', 'delete']);
/** What holds running text, so that a mark can stand in it. */
const TEXT_BLOCKS = new Set(['paragraph', 'heading', 'tableCell']);
/** What holds blocks, so that a paragraph of marks can stand in it. */
const CONTAINERS = new Set(['root', 'blockquote', 'listItem', 'footnoteDefinition']);
const ROWS = new Set(['list', 'table', 'tableRow']);

const takesMarks = ({ type }: MarkdownNode) => INLINE.has(type) || TEXT_BLOCKS.has(type);
const isMark = (node: MarkdownNode | undefined): node is Mark => node?.type === 'passageMark';
const graphemes = new Intl.Segmenter();

/**
 * A plugin of remark that puts the numbers of sources, from 1, at the ends of the passages that rest on them: an
 * element `sup` with the attribute `data-sources`. A mark stands in running text only. What ends in a link, a code
 * span, a code block or markup is marked behind it, so nothing is broken.
 */
export const markPassages = (sources: readonly MarkedSource[]) => (tree: MarkdownNode, file: { toString: () => string }) => {
  const text = file.toString();
  const numbers = new Map<number, number[]>();
  sources.forEach(({ passages }, i) => {
    for (const [start = 0, end = 0] of passages) {
      const offset = start + text.slice(start, end).trimEnd().length;
      if (offset > start) numbers.set(offset, [...(numbers.get(offset) ?? []), i + 1]);
    }
  });
  // From the end, so that the nodes before keep their places.
  for (const [offset, found] of [...numbers].sort(([a], [b]) => b - a)) mark(tree, offset, found);
};

/** @returns whether there was a place for the mark */
function mark(parent: MarkdownNode, offset: number, numbers: readonly number[]): boolean {
  const children = parent.children ?? [];
  for (const [i, child] of [...children.entries()].reverse()) {
    const { type, position } = child;
    const [start, end] = [position?.start.offset, position?.end.offset];
    if (start === undefined || end === undefined || start >= offset) continue;
    if (type === 'text' && offset < end) return split(parent, i, offset, numbers);
    const isWithin = ROWS.has(type) || CONTAINERS.has(type) || TEXT_BLOCKS.has(type) || (INLINE.has(type) && offset < end);
    return (isWithin && mark(child, offset, numbers)) || insert(parent, i + 1, numbers);
  }
  return takesMarks(parent) && insert(parent, children.length, numbers);
}

/** Marks a place within a text, or behind it where it is not written as it is shown: its places are not known then. */
function split(parent: MarkdownNode, i: number, offset: number, numbers: readonly number[]): boolean {
  const { value = '', position, ...rest } = parent.children?.[i] ?? { type: 'text' };
  const [start = 0, end = 0] = [position?.start.offset, position?.end.offset];
  const grapheme = value.length === end - start ? graphemes.segment(value).containing(offset - start) : undefined;
  if (!position || !grapheme) return insert(parent, i + 1, numbers);
  const at = start + grapheme.index === offset ? grapheme.index : grapheme.index + grapheme.segment.length;
  if (at === value.length) return insert(parent, i + 1, numbers);
  const middle = { ...position.start, offset: start + at };
  parent.children?.splice(i, 1, { ...rest, value: value.slice(0, at), position: { start: position.start, end: middle } }, markOf(numbers), {
    ...rest,
    value: value.slice(at),
    position: { start: middle, end: position.end },
  });
  return true;
}

/** Inserts a mark at the index, or adds the numbers to the one that is there. */
function insert(parent: MarkdownNode, index: number, numbers: readonly number[]): boolean {
  const children = (parent.children ??= []);
  const next = children[index];
  const there = next?.position === undefined && next?.type === 'paragraph' ? next.children?.[0] : next;
  if (isMark(there)) Object.assign(there, markOf([...there.numbers, ...numbers]));
  else if (takesMarks(parent)) children.splice(index, 0, markOf(numbers));
  else if (CONTAINERS.has(parent.type)) children.splice(index, 0, { type: 'paragraph', children: [markOf(numbers)] });
  else return false;
  return true;
}

function markOf(given: readonly number[]): Mark {
  const numbers = [...new Set(given)].sort((a, b) => a - b);
  return { type: 'passageMark', numbers, data: { hName: 'sup', hProperties: { dataSources: numbers.join(' ') }, hChildren: [] } };
}
