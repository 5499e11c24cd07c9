import type { AccountDetails } from '../api.ts';
import { Moment } from '../ui/moment.tsx';
import { type Column, Table } from '../ui/table.tsx';

type AccountSession = AccountDetails['sessions'][number];

const COLUMNS: readonly Column<AccountSession>[] = [
  { name: 'Device', kind: 'long', cell: ({ device }) => device ?? '–' },
  { name: 'Address', cell: ({ ip }) => ip ?? '–' },
  { name: 'Signed in', cell: ({ created_at }) => <Moment at={created_at} /> },
  { name: 'Last used', cell: ({ last_used_at }) => <Moment at={last_used_at} /> },
];

export const SessionsTable = ({ sessions }: { sessions: readonly AccountSession[] }) => (
  <Table label="Sessions" columns={COLUMNS} rows={sessions} keyOf={({ id }) => id} empty="No live sessions." />
);
