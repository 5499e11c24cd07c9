import { useCallback, useEffect, useRef, useState } from 'react';
import { api, bodyOf, type Room } from '../api/client.ts';
import type { LiveEvent } from '../live/live-events.ts';
import { useLiveEvents } from '../live/use-live-events.ts';
import { notify } from '../ui/notices.tsx';

/** Rooms of the first page, and the most that a page may have. */
const PAGE = { first: 50, most: 100 };

export interface Rooms {
  /** Null until they are loaded. */
  readonly list: readonly Room[] | null;
  readonly hasMore: boolean;
  readonly areArchived: boolean;
  readonly showArchived: (areArchived: boolean) => void;
  readonly loadMore: () => void;
  readonly reload: () => void;
  /** Shows a room as it is now, at its place or at the top. */
  readonly put: (room: Room) => void;
  readonly remove: (id: string) => void;
}

/** The rooms of the user, those in use or those that are archived, most recently active first. */
export function useRooms(): Rooms {
  const [areArchived, showArchived] = useState(false);
  const [list, setList] = useState<readonly Room[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const newest = useRef(0);
  const shown = useRef(0);
  useEffect(() => {
    shown.current = list?.length ?? 0;
  }, [list]);

  const load = useCallback(
    async (from: string | null) => {
      const turn = (newest.current += 1);
      // A reload loads as many rooms as are shown, so that it takes none away.
      const limit = from === null ? Math.min(PAGE.most, Math.max(PAGE.first, shown.current)) : PAGE.first;
      const query = { limit, ...(areArchived ? { archived: 'true' as const } : {}), ...(from === null ? {} : { cursor: from }) };
      const page = await bodyOf(api.GET('/chatroom', { params: { query } }));
      if (turn !== newest.current) return;
      setList((rooms) => (from === null ? page.data : [...(rooms ?? []), ...page.data]));
      setCursor(page.next_cursor);
    },
    [areArchived],
  );
  const reload = useCallback(() => {
    load(null).catch(notify);
  }, [load]);
  useEffect(reload, [reload]);
  useLiveEvents(
    useCallback(
      ({ type, chatroom_id: id }: LiveEvent) => {
        if (type === 'chatroom.deleted') setList((rooms) => rooms?.filter((room) => room.id !== id) ?? null);
        else if (type !== 'subscription.updated' && type !== 'reply.started') reload();
      },
      [reload],
    ),
  );

  return {
    list,
    hasMore: cursor !== null,
    areArchived,
    showArchived,
    loadMore: () => {
      load(cursor).catch(notify);
    },
    reload,
    put: useCallback(
      (room: Room) => {
        setList((rooms) => {
          if (rooms === null) return rooms;
          if (room.archived !== areArchived) return rooms.filter(({ id }) => id !== room.id);
          const isListed = rooms.some(({ id }) => id === room.id);
          return isListed ? rooms.map((other) => (other.id === room.id ? room : other)) : [room, ...rooms];
        });
      },
      [areArchived],
    ),
    remove: (id) => {
      setList((rooms) => rooms?.filter((room) => room.id !== id) ?? null);
    },
  };
}
