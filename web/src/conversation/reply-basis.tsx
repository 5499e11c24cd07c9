import type { RoomMessage } from './room-chat.ts';

/** What an answer rests on: the model's thoughts, and pages of the web. */
export function Thoughts({ message: { parts, metadata } }: { readonly message: RoomMessage }) {
  const streamed = parts.map((part) => (part.type === 'reasoning' ? part.text : '')).join('');
  const text = streamed === '' ? (metadata?.reasoning ?? '') : streamed;
  if (text === '') return null;
  return (
    <details className="soft">
      <summary>Thoughts</summary>
      <p className="plain">{text}</p>
    </details>
  );
}

interface Page {
  readonly url: string;
  readonly title: string;
}

export function Sources({ message: { parts, metadata } }: { readonly message: RoomMessage }) {
  const streamed = parts.flatMap((part): Page[] => (part.type === 'source-url' ? [{ url: part.url, title: part.title ?? part.url }] : []));
  const pages = metadata?.sources ?? streamed;
  const suggestions = metadata?.search_suggestions ?? null;
  if (pages.length === 0) return null;
  return (
    <aside aria-label="Sources" className="soft">
      <ol>
        {pages.map(({ url, title }) => (
          <li key={url}>
            <a href={url} target="_blank" rel="noopener noreferrer nofollow">
              {title}
            </a>
          </li>
        ))}
      </ol>
      {suggestions !== null && (
        <iframe
          title="Search suggestions"
          sandbox="allow-popups allow-popups-to-escape-sandbox"
          srcDoc={suggestions}
          width="100%"
          height="64"
        />
      )}
    </aside>
  );
}
