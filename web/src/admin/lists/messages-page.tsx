import type { ReactNode } from 'react';
import { api, bodyOf, type MessageRecord } from '../api.ts';
import { count } from '../format.ts';
import { contentFilter, type Filter, type FilterValues, PERIOD, USER, wordOptions } from '../list/list.ts';
import { ListPage } from '../list/list-page.tsx';
import { useList } from '../list/use-list.ts';
import { Badge } from '../ui/badge.tsx';
import { Moment } from '../ui/moment.tsx';
import { RoomLink } from '../ui/room-link.tsx';
import { ShortId } from '../ui/short-id.tsx';
import type { Column } from '../ui/table.tsx';
import { UserLink } from '../ui/user-link.tsx';
import { MessageFiles } from './message-files.tsx';
import { RetryReplies } from './retry-replies.tsx';
import { RetryReply } from './retry-reply.tsx';

const FILTERS: readonly Filter[] = [
  { name: 'status', label: 'Status', options: wordOptions('pending', 'streaming', 'completed', 'failed', 'blocked', 'cancelled') },
  { name: 'role', label: 'Role', options: wordOptions('user', 'model') },
  { name: 'rating', label: 'Rating', options: wordOptions('up', 'down') },
  USER,
  { name: 'chatroom_id', label: 'Chatroom', hint: 'Id of a chatroom' },
  ...PERIOD,
  contentFilter('Content'),
];

const columnsOf = (reload: () => void): Column<MessageRecord>[] => [
  { name: 'Message', cell: ({ id }) => <ShortId id={id} /> },
  { name: 'Role', cell: ({ role }) => role },
  {
    name: 'Status',
    cell: ({ status, error }) => (
      <>
        <Badge word={status} />
        {error && (
          <>
            <br />
            <small title={error.message}>{error.code}</small>
          </>
        )}
      </>
    ),
  },
  { name: 'User', cell: ({ user_id, username }) => <UserLink id={user_id} username={username} /> },
  { name: 'Chatroom', cell: ({ chatroom_id }) => <RoomLink id={chatroom_id} /> },
  { name: 'Model', cell: ({ model }) => <span className="id">{model ?? '–'}</span> },
  { name: 'Tokens', kind: 'number', cell: ({ usage }) => (usage ? count(usage.total_tokens) : '–') },
  { name: 'Rating', cell: ({ rating }) => rating && <Badge word={rating} /> },
  { name: 'Created', cell: ({ created_at }) => <Moment at={created_at} /> },
  {
    name: 'Actions',
    kind: 'action',
    cell: (message) => message.status === 'failed' && <RetryReply message={message} onDone={reload} />,
  },
];

/** What somebody wrote, which scrolls where it is long. */
const Words = ({ label, children }: { readonly label: string; readonly children: ReactNode }) => (
  <div className="content" tabIndex={0} role="group" aria-label={label}>
    {children}
  </div>
);

/** Files can be opened where the list shows what was written. */
const detailOf = ({ content, comment, attachments }: MessageRecord) =>
  content === null && attachments.length === 0 ? null : (
    <>
      {content !== null && content !== '' && <Words label="Content">{content}</Words>}
      {comment !== null && (
        <Words label="The user’s comment">
          <strong>The user’s comment:</strong> {comment}
        </Words>
      )}
      {attachments.length > 0 && <MessageFiles files={attachments} canOpen={content !== null} />}
    </>
  );

const load = (query: FilterValues) => bodyOf(api.GET('/admin/messages', { params: { query } }));
const isUnsettled = ({ status }: MessageRecord) => status === 'pending' || status === 'streaming';

export function MessagesPage() {
  const list = useList({ filters: FILTERS, load, isUnsettled });
  return (
    <ListPage
      title="Messages"
      list={list}
      columns={columnsOf(list.reload)}
      keyOf={({ id }) => id}
      detail={detailOf}
      exportFrom="/admin/messages/export"
      actions={<RetryReplies query={list.query} onDone={list.reload} />}
      empty="No messages were found."
    />
  );
}
