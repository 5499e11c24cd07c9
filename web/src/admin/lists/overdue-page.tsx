import { syncOf } from '../account/sync.ts';
import { api, bodyOf, type OverdueCustomer } from '../api.ts';
import type { FilterValues } from '../list/list.ts';
import { ListPage } from '../list/list-page.tsx';
import { useList } from '../list/use-list.ts';
import { Badge } from '../ui/badge.tsx';
import { ChangeButton } from '../ui/change-button.tsx';
import { Moment } from '../ui/moment.tsx';
import type { Column } from '../ui/table.tsx';
import { UserLink } from '../ui/user-link.tsx';

const columnsOf = (reload: () => void): Column<OverdueCustomer>[] => [
  { name: 'User', cell: ({ user_id, username }) => <UserLink id={user_id} username={username} /> },
  { name: 'Customer', cell: ({ stripe_customer_id }) => <code>{stripe_customer_id}</code> },
  { name: 'Last status', cell: ({ status }) => <Badge word={status ?? 'none'} /> },
  { name: 'Last read', cell: ({ synced_at }) => <Moment at={synced_at} /> },
  { name: 'Due since', cell: ({ due_at }) => <Moment at={due_at} /> },
  {
    name: 'Actions',
    kind: 'action',
    cell: ({ user_id, username }) => <ChangeButton change={syncOf(user_id, username)} onDone={reload} />,
  },
];

const load = (query: FilterValues) => bodyOf(api.GET('/admin/subscriptions/overdue', { params: { query } }));

/** Customers whose state at Stripe was not read in time. */
export function OverduePage() {
  const list = useList({ filters: [], load });
  return (
    <ListPage
      title="Overdue customers"
      list={list}
      columns={columnsOf(list.reload)}
      keyOf={({ user_id }) => user_id}
      empty="The state of every customer was read in time."
    />
  );
}
