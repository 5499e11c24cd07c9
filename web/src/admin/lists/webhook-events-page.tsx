import { api, bodyOf, type WebhookEvent } from '../api.ts';
import { count } from '../format.ts';
import { ANY, type Filter, type FilterValues, YES_OR_NO } from '../list/list.ts';
import { ListPage } from '../list/list-page.tsx';
import { useList } from '../list/use-list.ts';
import { Badge } from '../ui/badge.tsx';
import { Moment } from '../ui/moment.tsx';
import type { Column } from '../ui/table.tsx';
import { EventPayload } from './event-payload.tsx';
import { ReplayEvent } from './replay-event.tsx';

const FILTERS: readonly Filter[] = [
  { name: 'pending', label: 'State', options: [ANY, ['true', 'Waiting'], ['false', 'Processed']] },
  { name: 'failing', label: 'Failing', options: YES_OR_NO },
  { name: 'type', label: 'Type', hint: 'Such as invoice.paid' },
  { name: 'event_id', label: 'Event', hint: 'Id of an event' },
];

const columnsOf = (reload: () => void): Column<WebhookEvent>[] => [
  {
    name: 'Event',
    cell: ({ id, type }) => (
      <>
        <code>{id}</code>
        <br />
        {type}
      </>
    ),
  },
  { name: 'Payload', cell: ({ payload }) => <EventPayload payload={payload} /> },
  { name: 'Outcome', cell: ({ outcome }) => <Badge word={outcome ?? 'pending'} /> },
  { name: 'Failed attempts', kind: 'number', cell: ({ attempts }) => count(attempts) },
  { name: 'Received', cell: ({ received_at }) => <Moment at={received_at} /> },
  { name: 'Actions', kind: 'action', cell: (event) => <ReplayEvent event={event} onDone={reload} /> },
];

const load = (query: FilterValues) => bodyOf(api.GET('/admin/webhook-events', { params: { query } }));
const isUnsettled = ({ outcome, attempts }: WebhookEvent) => outcome === null && attempts === 0;

export function WebhookEventsPage() {
  const list = useList({ filters: FILTERS, load, isUnsettled });
  return (
    <ListPage
      title="Webhook events"
      list={list}
      columns={columnsOf(list.reload)}
      keyOf={({ id }) => id}
      detail={({ error }) => (error === null ? null : <p className="problem">{error}</p>)}
      empty="No events were found."
    />
  );
}
