import { api, bodyOf, type RoomRecord } from '../api.ts';
import { count } from '../format.ts';
import { contentFilter, type Filter, type FilterValues, USER } from '../list/list.ts';
import { ListPage } from '../list/list-page.tsx';
import { useList } from '../list/use-list.ts';
import { Moment } from '../ui/moment.tsx';
import { RoomLink } from '../ui/room-link.tsx';
import type { Column } from '../ui/table.tsx';
import { UserLink } from '../ui/user-link.tsx';

const FILTERS: readonly Filter[] = [USER, contentFilter('Names')];

const COLUMNS: readonly Column<RoomRecord>[] = [
  {
    name: 'Chatroom',
    kind: 'long',
    cell: ({ id, name }) => (
      <>
        <RoomLink id={id} /> {name}
      </>
    ),
  },
  { name: 'User', cell: ({ user_id, username }) => <UserLink id={user_id} username={username} /> },
  { name: 'Model', cell: ({ model }) => <span className="id">{model ?? 'default'}</span> },
  { name: 'Messages', kind: 'number', cell: ({ message_count }) => count(message_count) },
  { name: 'Last message', cell: ({ last_message_at }) => <Moment at={last_message_at} /> },
  { name: 'Created', cell: ({ created_at }) => <Moment at={created_at} /> },
];

const load = (query: FilterValues) => bodyOf(api.GET('/admin/chatrooms', { params: { query } }));

export const ChatroomsPage = () => (
  <ListPage
    title="Chatrooms"
    list={useList({ filters: FILTERS, load })}
    columns={COLUMNS}
    keyOf={({ id }) => id}
    empty="No chatrooms were found."
  />
);
