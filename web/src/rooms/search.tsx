import { useEffect, useState } from 'react';
import { Button, Input, SearchField } from 'react-aria-components';
import { api, bodyOf, type Room, type SearchHit } from '../api/client.ts';
import { Icon } from '../ui/icons.tsx';
import { notify } from '../ui/notices.tsx';
import { roomPath } from '../use-room-id.ts';
import { nameOf } from './name-of.ts';

const PAUSE_MS = 250;

interface SearchProps {
  readonly query: string;
  readonly onChange: (query: string) => void;
  readonly onChosen: (() => void) | undefined;
}

interface Found {
  readonly words: string;
  readonly rooms: readonly Room[];
  readonly hits: readonly SearchHit[];
}

/** Finds rooms by their names, and messages by their words. */
export function Search({ query, onChange, onChosen }: SearchProps) {
  const [newest, setFound] = useState<Found | null>(null);
  const words = query.trim();
  useEffect(() => {
    if (words === '') return undefined;
    let isCurrent = true;
    const timer = setTimeout(() => {
      const params = { query: { q: words, limit: 20 } };
      Promise.all([bodyOf(api.GET('/chatroom', { params })), bodyOf(api.GET('/search', { params }))])
        .then(([rooms, hits]) => {
          if (isCurrent) setFound({ words, rooms: rooms.data, hits: hits.data });
        })
        .catch(notify);
    }, PAUSE_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [words]);
  const found = newest?.words === words ? newest : null;
  const isEmpty = found?.rooms.length === 0 && found.hits.length === 0;
  return (
    <>
      <SearchField className="search" aria-label="Search chats" value={query} onChange={onChange}>
        <Icon name="search" />
        <Input placeholder="Search" />
        <Button className="icon-button small" aria-label="Clear">
          <Icon name="close" />
        </Button>
      </SearchField>
      {words !== '' && (
        <nav className="rooms found" aria-label="Found">
          <p className="soft" role="status">
            {found === null ? 'Searching…' : isEmpty ? 'Nothing found.' : ''}
          </p>
          <ul>
            {found?.rooms.map((room) => (
              <li key={room.id}>
                <a href={roomPath(room.id)} onClick={onChosen}>
                  {nameOf(room)}
                </a>
              </li>
            ))}
            {found?.hits.map(({ message, chatroom, snippet }) => (
              <li key={message.id}>
                <a href={roomPath(chatroom.id)} onClick={onChosen}>
                  <small>{nameOf(chatroom)}</small>
                  <Snippet {...snippet} />
                </a>
              </li>
            ))}
          </ul>
        </nav>
      )}
    </>
  );
}

/** The text around the words, which are marked. */
function Snippet({ text, highlights }: { text: string; highlights: readonly (readonly number[])[] }) {
  const ends = [0, ...highlights.flat(), text.length];
  return ends.slice(1).map((end, index) => {
    const words = text.slice(ends[index], end);
    return index % 2 === 1 ? <mark key={end}>{words}</mark> : words;
  });
}
