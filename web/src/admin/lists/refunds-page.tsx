import { api, bodyOf, type Refund } from '../api.ts';
import { count } from '../format.ts';
import { type Filter, type FilterValues, wordOptions } from '../list/list.ts';
import { ListPage } from '../list/list-page.tsx';
import { useList } from '../list/use-list.ts';
import { Badge } from '../ui/badge.tsx';
import { Moment } from '../ui/moment.tsx';
import type { Column } from '../ui/table.tsx';

const FILTERS: readonly Filter[] = [{ name: 'status', label: 'Status', options: wordOptions('owed', 'pending', 'refunded', 'not_needed') }];

const REASONS: Readonly<Record<Refund['reason'], string>> = {
  duplicate: 'A second subscription',
  account_closed: 'The account was gone',
  account_reclaimed: 'The account is the number holder’s',
};

const COLUMNS: readonly Column<Refund>[] = [
  { name: 'Payment', cell: ({ payment_intent_id }) => <code>{payment_intent_id}</code> },
  { name: 'Customer', cell: ({ stripe_customer_id }) => <code>{stripe_customer_id}</code> },
  { name: 'Reason', cell: ({ reason }) => REASONS[reason] },
  { name: 'Status', cell: ({ status }) => <Badge word={status} /> },
  { name: 'Failed attempts', kind: 'number', cell: ({ attempts }) => count(attempts) },
  { name: 'Next attempt', cell: ({ next_attempt_at }) => <Moment at={next_attempt_at} /> },
  { name: 'Owed since', cell: ({ created_at }) => <Moment at={created_at} /> },
  { name: 'Settled', cell: ({ settled_at }) => <Moment at={settled_at} /> },
];

const load = (query: FilterValues) => bodyOf(api.GET('/admin/refunds', { params: { query } }));

/** Payments that are given back. */
export const RefundsPage = () => (
  <ListPage
    title="Refunds"
    list={useList({ filters: FILTERS, load })}
    columns={COLUMNS}
    keyOf={({ id }) => id}
    detail={({ error }) => (error === null ? null : <p className="problem">{error}</p>)}
    empty="No refunds were found."
  />
);
