import type { RoomMessage, Source } from './room-chat.ts';
import { SearchSuggestions } from './search-suggestions.tsx';

/** The pages that an answer rests on, with the passages that do as soon as the answer is stored. */
export const sourcesOf = ({ parts, metadata }: RoomMessage): readonly Source[] =>
  metadata?.sources ??
  parts.flatMap((part) => (part.type === 'source-url' ? [{ url: part.url, title: part.title ?? part.url, passages: [] }] : []));

/** The id of the element that shows a source of a message, the first of which has the number 1. */
export const sourceElementId = ({ id }: RoomMessage, number: number): string => `source-${id}-${number}`;

/** The sources of an answer, numbered as its marks are, and what Google suggests to search for. */
export function Sources({ message }: { readonly message: RoomMessage }) {
  const sources = sourcesOf(message);
  const suggestions = message.metadata?.search_suggestions ?? null;
  if (sources.length === 0 && suggestions === null) return null;
  return (
    <aside className="sources" aria-label="Sources">
      <ol>
        {sources.map((source, i) => (
          <li key={i}>
            <SourceLink source={source} id={sourceElementId(message, i + 1)} />
            <small title={source.url}>{source.url}</small>
          </li>
        ))}
      </ol>
      {suggestions !== null && <SearchSuggestions html={suggestions} />}
    </aside>
  );
}

const isWebAddress = (url: string): boolean => URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol);

const SourceLink = ({ source: { url, title }, id }: { source: Source; id: string }) =>
  isWebAddress(url) ? (
    <a id={id} href={url} target="_blank" rel="noopener noreferrer">
      {title}
    </a>
  ) : (
    <span id={id} tabIndex={-1}>
      {title}
    </span>
  );
