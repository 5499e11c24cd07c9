import { memo, type ReactNode, useId, useMemo } from 'react';
import { Button } from 'react-aria-components';
import ReactMarkdown, { type Components } from 'react-markdown';
import rehypeHighlight from 'rehype-highlight';
import remarkGfm from 'remark-gfm';
import { type MarkedSource, markPassages } from './passage-marks.ts';
import './markdown.css';

const COMPONENTS: Components = {
  a: ({ children, href = '', id, 'aria-label': label }) =>
    href.startsWith('#') ? (
      <FootnoteLink href={href} id={id} label={label}>
        {children}
      </FootnoteLink>
    ) : (
      <a href={href} target="_blank" rel="noreferrer noopener">
        {children}
      </a>
    ),
  // The heading of footnotes has the same id in every message.
  h2: ({ children, className }) => <h2 className={className}>{children}</h2>,
  // A picture would be fetched from wherever the text says, which tells that place that it is read.
  img: ({ alt, src }) => (
    <a href={src} target="_blank" rel="noreferrer noopener">
      {alt ?? src}
    </a>
  ),
  pre: ({ children }) => (
    <pre tabIndex={0} role="region" aria-label="Code">
      {children}
    </pre>
  ),
  table: ({ children }) => (
    <div className="table" tabIndex={0} role="region" aria-label="Table">
      <table>{children}</table>
    </div>
  ),
};

interface MarkdownSource extends MarkedSource {
  readonly title: string;
  /** The id of the element that shows it. */
  readonly elementId: string;
}

interface MarkdownProps {
  readonly text: string;
  /** The numbers of these, from 1, stand at the ends of their passages and lead to their elements. */
  readonly sources?: readonly MarkdownSource[];
}

const NO_SOURCES: readonly MarkdownSource[] = [];

/** Markdown as elements. Markup in it is shown as text. */
const Markdown = memo(({ text, sources = NO_SOURCES }: MarkdownProps) => {
  const id = useId();
  const components = useMemo<Components>(
    () => ({
      ...COMPONENTS,
      // Footnotes are the other ones that Markdown raises; they have children.
      sup: ({ children, ...properties }) =>
        'data-sources' in properties ? <Marks numbers={String(properties['data-sources'])} sources={sources} /> : <sup>{children}</sup>,
    }),
    [sources],
  );
  return (
    <div className="markdown">
      <ReactMarkdown
        remarkPlugins={[remarkGfm, [markPassages, sources]]}
        rehypePlugins={[[rehypeHighlight, { detect: true }]]}
        remarkRehypeOptions={{ clobberPrefix: `${id}-`, footnoteLabelProperties: { className: ['visually-hidden'] } }}
        components={components}
      >
        {text}
      </ReactMarkdown>
    </div>
  );
});
Markdown.displayName = 'Markdown';
export default Markdown;

const Marks = ({ numbers, sources }: { numbers: string; sources: readonly MarkdownSource[] }) => (
  <sup className="marks">
    {numbers.split(' ').map((number) => {
      const source = sources[Number(number) - 1];
      return (
        <Button
          key={number}
          aria-label={`Source ${number}: ${source?.title ?? ''}`}
          onPress={() => {
            document.getElementById(source?.elementId ?? '')?.focus();
          }}
        >
          {number}
        </Button>
      );
    })}
  </sup>
);

interface FootnoteLinkProps {
  readonly href: string;
  readonly id: string | undefined;
  readonly label: string | undefined;
  readonly children: ReactNode;
}

/** Leads to a footnote of the same text, or back from it. The address stays, because its fragment names the chat. */
const FootnoteLink = ({ href, id, label, children }: FootnoteLinkProps) => (
  <a
    href={href}
    id={id}
    aria-label={label}
    onClick={(event) => {
      event.preventDefault();
      const target = document.getElementById(decodeURIComponent(href.slice(1)));
      (target?.querySelector('a') ?? target)?.focus();
    }}
  >
    {children}
  </a>
);
