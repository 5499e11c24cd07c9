import { api, type AuditEntry, bodyOf } from '../api.ts';
import { type Filter, type FilterValues, PERIOD, wordOptions } from '../list/list.ts';
import { ListPage } from '../list/list-page.tsx';
import { useList } from '../list/use-list.ts';
import { Moment } from '../ui/moment.tsx';
import { ShortId } from '../ui/short-id.tsx';
import type { Column } from '../ui/table.tsx';
import { UserLink } from '../ui/user-link.tsx';
import { TargetState } from './target-state.tsx';

const ACTIONS = [
  'user.update',
  'user.end_sessions',
  'subscription.grant',
  'subscription.extend',
  'subscription.revoke',
  'subscription.sync',
  'message.retry',
  'webhook_event.replay',
  'queue.pause',
  'queue.resume',
  'queue.retry',
  'messages.read',
  'chatrooms.read',
  'attachment.read',
  'users.export',
  'messages.export',
  'feedback.export',
  'audit_log.export',
];

const FILTERS: readonly Filter[] = [
  { name: 'action', label: 'Action', options: wordOptions(...ACTIONS) },
  { name: 'actor_username', orId: 'actor_id', label: 'Administrator', hint: 'Name or id' },
  { name: 'target_username', label: 'User', hint: 'Name of the user concerned' },
  { name: 'target_id', label: 'Target', hint: 'Id of what is concerned' },
  ...PERIOD,
];

function Target({ target: { type, id, username } }: Pick<AuditEntry, 'target'>) {
  if (id === null) return type;
  return type === 'user' ? (
    <UserLink id={id} username={username} />
  ) : (
    <>
      {type} <ShortId id={id} />
    </>
  );
}

const COLUMNS: readonly Column<AuditEntry>[] = [
  { name: 'Time', cell: ({ created_at }) => <Moment at={created_at} /> },
  { name: 'Administrator', cell: ({ actor }) => <UserLink id={actor.id} username={actor.username} /> },
  {
    name: 'Action',
    kind: 'long',
    cell: ({ action, reason }) => (
      <>
        <strong>{action}</strong>
        {reason !== null && (
          <>
            <br />
            <small>{reason}</small>
          </>
        )}
      </>
    ),
  },
  { name: 'Target', cell: ({ target }) => <Target target={target} /> },
  { name: 'Before', cell: ({ before }) => <TargetState state={before} /> },
  { name: 'After', cell: ({ after }) => <TargetState state={after} /> },
  { name: 'Address', cell: ({ ip, device }) => <span title={device ?? ''}>{ip}</span> },
];

const load = (query: FilterValues) => bodyOf(api.GET('/admin/audit-log', { params: { query } }));

export const AuditLogPage = () => (
  <ListPage
    title="Audit log"
    list={useList({ filters: FILTERS, load })}
    columns={COLUMNS}
    keyOf={({ id }) => id}
    exportFrom="/admin/audit-log/export"
    empty="No entries were found."
  />
);
