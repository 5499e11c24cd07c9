import { useCallback, useEffect, useRef, useState } from 'react';
import { api, bodyOf, type Room } from '../api/client.ts';
import type { LiveEvent } from '../live/live-events.ts';
import { useLiveEvents } from '../live/use-live-events.ts';
import { notify } from '../ui/notices.tsx';

/** Rooms that are shown at first, and that each "Show more" adds. */
const STEP = 50;
/** Rooms of one request, at most. */
const PAGE = 100;

interface RoomPage {
  readonly data: readonly Room[];
  readonly next_cursor: string | null;
}

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
  const [hasMore, setHasMore] = useState(false);
  const newest = useRef(0);
  const shown = useRef(0);
  const wanted = useRef(STEP);
  useEffect(() => {
    shown.current = list?.length ?? 0;
  }, [list]);

  const load = useCallback(async () => {
    const turn = (newest.current += 1);
    // At least as many as are shown, so that a reload takes none away.
    const count = Math.max(wanted.current, shown.current);
    const rooms: Room[] = [];
    let cursor: string | null = '';
    while (cursor !== null && rooms.length < count) {
      const limit = Math.min(PAGE, count - rooms.length);
      const query = { limit, ...(areArchived ? { archived: 'true' as const } : {}), ...(cursor === '' ? {} : { cursor }) };
      const page: RoomPage = await bodyOf(api.GET('/chatroom', { params: { query } }));
      if (turn !== newest.current) return;
      rooms.push(...page.data);
      cursor = page.next_cursor;
    }
    // A room that becomes active while the pages are read may be on two of them.
    setList([...new Map(rooms.map((room) => [room.id, room])).values()]);
    setHasMore(cursor !== null);
  }, [areArchived]);
  const reload = useCallback(() => {
    load().catch(notify);
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
    hasMore,
    areArchived,
    showArchived,
    loadMore: () => {
      wanted.current = shown.current + STEP;
      reload();
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
