import { HtmlRenderer, type Node, Parser } from 'commonmark';
import { sectionOf, titleOf } from './markdown.js';

const AT = '2026-01-02T03:04:05.678Z';
const question = (content: string) => sectionOf({ n: 1, parent: null, role: 'user', content, created_at: AT });
const exportOf = (...contents: string[]) => titleOf({ name: 'Room', system_instruction: null }) + contents.map(question).join('');

const textOf = (node: Node): string => {
  const walker = node.walker();
  let text = '';
  for (let event = walker.next(); event; event = walker.next()) text += event.node.literal ?? '';
  return text;
};
const nodesOf = (markdown: string): Node[] => {
  const nodes: Node[] = [];
  const walker = new Parser().parse(markdown).walker();
  for (let event = walker.next(); event; event = walker.next()) if (event.entering) nodes.push(event.node);
  return nodes;
};
/** The headings of sections, as a parser sees them that has nothing to do with ours. */
const sections = (markdown: string) =>
  nodesOf(markdown)
    .filter(({ type, level, parent }) => type === 'heading' && level === 2 && parent?.type === 'document')
    .map(textOf)
    .filter((text) => text.startsWith('You'));
const html = (markdown: string) => new HtmlRenderer().render(new Parser().parse(markdown));

test.each([
  ['a code fence', '```js\nconst a = 1;'],
  ['a code fence without a line in it', '```'],
  ['a longer fence with a shorter one in it', '````md\n```js\na\n```'],
  ['a fence of tildes', '~~~\ncode\n```'],
  ['an indented fence', 'Look:\n\n   ```\n   code'],
  ['a fence that looks closed by one with an info string', '```\ncode\n```js'],
  ['a fence after one that is closed', '```\na\n```\n\n```\nb'],
  ['a fence in a list', '- item\n  ```\n  code'],
  ['a fence in a numbered list', '1. item\n\n   ```\n   code'],
  ['a fence in a quote', '> ```\n> code'],
  ['a fence after Windows line ends', 'a\r\n\r\n```\r\ncode'],
  ['a comment', 'a\n\n<!-- a comment'],
  ['a comment within a line', 'a <!-- a comment'],
  ['a script', '<script>\nlet a;'],
  ['an instruction', '<?php\n\necho'],
  ['a declaration', '<!DOCTYPE'],
  ['a section of character data', '<![CDATA[ a'],
  ['an element', '<details>\n\n<summary>More</summary>\n\nText'],
  ['an element in a list', '- a <div>\n- <div hidden>\n  b'],
  ['HTML before a fence', '<pre>\n```\ncode'],
  ['a link that has no end', '[a](<b'],
  ['code that has no end', 'a `code'],
  ['a heading with an underline', 'Text\n==='],
  ['a line that could be an underline', '---'],
  ['an escape', 'a\\'],
])('%s that is left open does not reach the next message', (_, content) => {
  const markdown = exportOf(content, 'The next **message**');
  expect(sections(markdown)).toEqual([`You, ${AT}`, `You, ${AT}`]);
  expect(html(markdown)).toMatch(/<h2>You, [^<]*<\/h2>\n<p>The next <strong>message<\/strong><\/p>\n$/);
  expect(nodesOf(markdown).filter(({ type }) => type.startsWith('html'))).toEqual([]);
});

test.each([
  ['## You, ' + AT],
  ['##   Model (gemini-4-argon), ' + AT + ' ##'],
  ['You, ' + AT + '\n---'],
  ['# You'],
  ['```\na\n```\n## You, ' + AT],
])('%j in a message is no heading of a message', (content) => {
  const markdown = exportOf(content, 'Next');
  expect(sections(markdown)).toEqual([`You, ${AT}`, `You, ${AT}`]);
  expect(nodesOf(markdown).filter(({ type }) => type === 'heading')).toHaveLength(3);
});

test.each(['[a]: https://example.com/1', '> - [a]: /1', 'Text\n\n[a\nb]: /1', '[a]:\n/1 "title"', '[a]: /1\n[b]: /2\n==='])(
  'the link reference definition %j does not hold for other messages',
  (content) => {
    const markdown = exportOf(content, 'See [a], [b] and [a b].', content);
    expect(nodesOf(markdown).filter(({ type }) => type === 'link')).toEqual([]);
    expect(html(markdown)).toContain('<p>See [a], [b] and [a b].</p>');
    expect(textOf(new Parser().parse(markdown))).toContain('[a');
  },
);

test.each([
  'Plain *text* with `code`, <https://example.com>, <a@example.com> and 1 < 2 <3.',
  '```html\n<div>\n[a]: /b\n## You, now\n```',
  '    <div> in indented code',
  '`<div>` and ``a ` <div>`` and \\`a',
  'A [link](<a b> "title") and [one](/url).',
  '# Heading #\n\n- [ ] task\n- [x] task [note](/a)\n\n1. a\n   ```\n   <b>\n   ```\n\n| a | b |\n|---|---|\n| [x] | y |',
  '## Your plan\n\n## Model architecture\n\nYou\n\n***',
  'α < β, x < y, `a\nb`',
])('%j stays as it is', (content) => {
  expect(question(content)).toBe(`\n## You, ${AT}\n\n${content}\n`);
});

test('HTML is shown as it was written', () => {
  const content = 'a <b>bold</b> \\<i> <!-- c -->\n\n> # <u> x #\n\n- <div>`<p>`</div>\n  <span>\n\n<br/>\n===';
  const shown = html(question(content)).replace(/<[^>]*>/g, '');
  for (const piece of [
    'a &lt;b&gt;bold&lt;/b&gt; &lt;i&gt; &lt;!-- c --&gt;',
    '&lt;u&gt; x',
    '&lt;div&gt;&lt;p&gt;&lt;/div&gt;\n&lt;span&gt;',
    '&lt;br/&gt;',
  ])
    expect(shown).toContain(piece);
});

test('the system instruction does not reach the messages', () => {
  const markdown = titleOf({ name: 'Room', system_instruction: '```\ncode\r\n\r<!-- x\n\n[a]: /b' }) + question('[a]');
  expect(sections(markdown)).toEqual([`You, ${AT}`]);
  expect(html(markdown)).toMatch(/<p>\[a\]<\/p>\n$/);
});

test.each([
  '```\n',
  '> ',
  '[',
  '<',
  '`',
  '<a',
  '<a\n',
  '> <a\n',
  '- ',
  '[a]: b\n',
  '*_`<',
  '[a\n',
  '``` `` ` ',
  '`'.repeat(7) + 'x',
  '](<',
])('a message of %j alone is written within a bounded time', (piece) => {
  const content = piece.repeat(Math.floor(100_000 / piece.length));
  const begin = performance.now();
  expect(sections(exportOf(content.slice(0, 200), 'Next'))).toEqual([`You, ${AT}`, `You, ${AT}`]);
  question(content);
  expect(performance.now() - begin).toBeLessThan(2_000);
});
