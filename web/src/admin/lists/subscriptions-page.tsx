import { api, bodyOf, type Entitlement } from '../api.ts';
import { ANY, type Filter, type FilterValues, USER, wordOptions } from '../list/list.ts';
import { ListPage } from '../list/list-page.tsx';
import { useList } from '../list/use-list.ts';
import { Badge } from '../ui/badge.tsx';
import { Moment } from '../ui/moment.tsx';
import type { Column } from '../ui/table.tsx';
import { ProUntil } from '../ui/pro-until.tsx';
import { UserLink } from '../ui/user-link.tsx';

const STATUSES = [
  'trialing',
  'active',
  'past_due',
  'canceled',
  'incomplete',
  'incomplete_expired',
  'unpaid',
  'paused',
  'expired',
  'revoked',
];

const FILTERS: readonly Filter[] = [
  { name: 'kind', label: 'Kind', options: [ANY, ['stripe', 'At Stripe'], ['grant', 'Granted']] },
  { name: 'status', label: 'Status', options: wordOptions(...STATUSES) },
  USER,
];

const COLUMNS: readonly Column<Entitlement>[] = [
  { name: 'User', cell: ({ user_id, username }) => <UserLink id={user_id} username={username} /> },
  { name: 'Kind', cell: ({ kind }) => <span className="id">{kind === 'grant' ? 'Granted' : 'At Stripe'}</span> },
  { name: 'Status', cell: ({ status }) => <Badge word={status} /> },
  { name: 'Pro until', cell: (entitlement) => <ProUntil {...entitlement} /> },
  {
    name: 'Reason',
    kind: 'long',
    cell: ({ reason, stripe_subscription_id }) => reason ?? <code>{stripe_subscription_id ?? '–'}</code>,
  },
  { name: 'Since', cell: ({ created_at }) => <Moment at={created_at} /> },
];

const load = (query: FilterValues) => bodyOf(api.GET('/admin/subscriptions', { params: { query } }));

export const SubscriptionsPage = () => (
  <ListPage
    title="Subscriptions"
    list={useList({ filters: FILTERS, load })}
    columns={COLUMNS}
    keyOf={({ id }) => id}
    empty="No subscriptions were found."
  />
);
