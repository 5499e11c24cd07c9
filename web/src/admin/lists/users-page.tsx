import { type Account, api, bodyOf } from '../api.ts';
import { type Filter, type FilterValues, wordOptions, YES_OR_NO } from '../list/list.ts';
import { ListPage } from '../list/list-page.tsx';
import { useList } from '../list/use-list.ts';
import { Badge } from '../ui/badge.tsx';
import { Moment } from '../ui/moment.tsx';
import type { Column } from '../ui/table.tsx';
import { UserLink } from '../ui/user-link.tsx';

const FILTERS: readonly Filter[] = [
  { name: 'q', label: 'Search', hint: 'Name, number, e-mail or id' },
  { name: 'role', label: 'Role', options: wordOptions('user', 'admin') },
  { name: 'plan', label: 'Plan', options: wordOptions('basic', 'pro') },
  { name: 'verified', label: 'Verified', options: YES_OR_NO },
  { name: 'disabled', label: 'Disabled', options: YES_OR_NO },
  {
    name: 'sort',
    label: 'Order',
    options: [
      ['', 'Newest first'],
      ['created_at', 'Oldest first'],
      ['username', 'By name'],
      ['-username', 'By name, from Z'],
    ],
  },
];

const COLUMNS: readonly Column<Account>[] = [
  { name: 'User', cell: ({ id, username }) => <UserLink id={id} username={username} /> },
  {
    name: 'Mobile number',
    cell: ({ mobile_number, is_verified }) => (
      <>
        {mobile_number} {!is_verified && <small>not verified</small>}
      </>
    ),
  },
  { name: 'E-mail', kind: 'long', cell: ({ email }) => email ?? '–' },
  { name: 'Plan', cell: ({ plan }) => <Badge word={plan} /> },
  {
    name: 'Role',
    cell: ({ role, disabled }) => (
      <>
        {role === 'admin' ? <Badge word="admin" /> : 'user'} {disabled && <Badge word="disabled" />}
      </>
    ),
  },
  { name: 'Signed up', cell: ({ created_at }) => <Moment at={created_at} /> },
];

const load = (query: FilterValues) => bodyOf(api.GET('/admin/users', { params: { query } }));

export const UsersPage = () => (
  <ListPage
    title="Users"
    list={useList({ filters: FILTERS, load })}
    columns={COLUMNS}
    keyOf={({ id }) => id}
    exportFrom="/admin/users/export"
    empty="The user was not found."
  />
);
