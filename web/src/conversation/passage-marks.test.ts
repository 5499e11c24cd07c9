import fc from 'fast-check';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import ReactMarkdown from 'react-markdown';
import remarkGfm from 'remark-gfm';
import { type MarkedSource, markPassages } from './passage-marks.ts';

const htmlOf = (text: string, sources: readonly MarkedSource[]): string =>
  renderToStaticMarkup(createElement(ReactMarkdown, { remarkPlugins: [remarkGfm, [markPassages, sources]] }, text));

/** The markup with a source for each given passage, its marks written as `{1 2}`. */
function markedBy(text: string, ...passages: readonly string[]): string {
  const sources = passages.map((passage) => ({ passages: [[text.indexOf(passage), text.indexOf(passage) + passage.length]] }));
  return htmlOf(text, sources).replaceAll(/<sup data-sources="([^"]*)"><\/sup>/g, '{$1}');
}

test.each([
  ['a sentence', 'One. Two.', ['One.'], '<p>One.{1} Two.</p>'],
  ['several sources of a passage, and passages that overlap', 'One. Two.', ['One. Two.', 'Two.', 'One.'], '<p>One.{3} Two.{1 2}</p>'],
  ['bold text', 'Go to **Kyoto** now.', ['Go to **Kyoto**'], '<p>Go to <strong>Kyoto</strong>{1} now.</p>'],
  ['the middle of bold text', '**Kyoto. Nara.**', ['Kyoto.'], '<p><strong>Kyoto.{1} Nara.</strong></p>'],
  ['the middle of a code span', 'Run `npm start` now.', ['Run `npm'], '<p>Run <code>npm start</code>{1} now.</p>'],
  ['the middle of a link', '[a b](https://a.example) c', ['[a'], '<p><a href="https://a.example">a b</a>{1} c</p>'],
  ['the middle of an emoji', 'a 👩‍💻 b', ['a \ud83d'], '<p>a 👩‍💻{1} b</p>'],
  ['a text that is not written as it is shown', 'a &amp; b. c', ['a &amp; b.'], '<p>a &amp; b. c{1}</p>'],
  ['blanks', 'One.\n\nTwo.', ['One.\n\n'], '<p>One.{1}</p>\n<p>Two.</p>'],
  ['items', '- one\n- two', ['one', 'two'], '<ul>\n<li>one{1}</li>\n<li>two{2}</li>\n</ul>'],
  ['a quotation', '> one\n> two', ['> one\n> two'], '<blockquote>\n<p>one\ntwo{1}</p>\n</blockquote>'],
  ['a block of code', '```\na\nb\n```', ['a\n', 'b'], '<pre><code>a\nb\n</code></pre>\n<p>{1 2}</p>'],
  ['a heading', '# One\n\nTwo', ['One', 'Two'], '<h1>One{1}</h1>\n<p>Two{2}</p>'],
])('the end of a passage is marked in %s', (_, text, passages, html) => {
  expect(markedBy(text, ...passages)).toBe(html);
});

test('cells of a table are marked one by one', () => {
  expect(markedBy('| a | b |\n|---|---|\n| c | d |', 'a', '| c | d |')).toMatch(/<th>a\{1\}<\/th>.*<td>d\{2\}<\/td>/s);
});

const PIECES = [
  ...[
    'plain text. ',
    '**bold** ',
    '*e ~~del~~* ',
    '`code` ',
    '[link **b**](https://a.example) ',
    '![image](y) ',
    'a\\*b &amp; ',
    '你好 👩‍💻 e\u0301 ',
  ],
  ...[
    'https://auto.example ',
    'me@mail.example ',
    '<b>html</b> ',
    '\n',
    '\n\n',
    '  \n',
    'line\r\nline ',
    '\n---\n',
    '\n# Title\n',
    '\n> quote\n',
  ],
  ...[
    '\n- item\n',
    '\n1. one\n',
    '\n  ',
    '\n- [ ] task\n',
    '\n```js\nconst a = 1;\n```\n',
    '\n    indented\n',
    '\n[a]: https://b.example\n',
  ],
  ...['\n| a | b |\n|---|---|\n| c | `d` |\n', '\n<div>\nmarkup\n</div>\n', '**', '`', '_', '['],
];

test('whatever passages are marked, the rest of an answer is shown as without them, and no mark is in a link or in code', () => {
  const text = fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 15 }).map((pieces) => pieces.join(''));
  const passage = fc.tuple(fc.nat(200), fc.nat(200)).map(([start, length]) => [start, start + length]);
  const sources = fc.array(
    fc.array(passage, { maxLength: 3 }).map((passages) => ({ passages })),
    { maxLength: 4 },
  );
  // Blanks between blocks are those of the markup.
  const plain = (html: string) =>
    html
      .replaceAll(/<p>(<sup data-sources="[^"]*"><\/sup>)<\/p>/g, '$1')
      .replaceAll(/<sup data-sources="[^"]*"><\/sup>/g, '')
      .replaceAll(/\s+/g, '');
  fc.assert(
    fc.property(text, sources, (markdown, given) => {
      const html = htmlOf(markdown, given);
      expect(plain(html)).toBe(plain(htmlOf(markdown, [])));
      expect(html).not.toMatch(/<(a|code|pre)\b(?:(?!<\/\1>).)*data-sources/s);
      given.forEach(({ passages }, i) => {
        const isVisible = passages.some(([start = 0, end = 0]) => markdown.slice(start, end).trim() !== '');
        expect(new RegExp(`data-sources="(\\d+ )*${i + 1}[ "]`).test(html)).toBe(isVisible);
      });
    }),
    { numRuns: 300 },
  );
});
