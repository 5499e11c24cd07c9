import type { Stats } from '../api.ts';
import { milliseconds } from '../format.ts';
import { Card } from '../ui/card.tsx';
import { type Column, Table } from '../ui/table.tsx';

interface Row {
  readonly name: string;
  readonly latency: Stats['latency_ms'];
}

const COLUMNS: readonly Column<Row>[] = [
  { name: 'Model', cell: ({ name }) => name },
  { name: 'First token p50', kind: 'number', cell: ({ latency }) => milliseconds(latency.first_token.p50) },
  { name: 'First token p95', kind: 'number', cell: ({ latency }) => milliseconds(latency.first_token.p95) },
  { name: 'First token p99', kind: 'number', cell: ({ latency }) => milliseconds(latency.first_token.p99) },
  { name: 'Whole reply p50', kind: 'number', cell: ({ latency }) => milliseconds(latency.total.p50) },
  { name: 'Whole reply p95', kind: 'number', cell: ({ latency }) => milliseconds(latency.total.p95) },
  { name: 'Whole reply p99', kind: 'number', cell: ({ latency }) => milliseconds(latency.total.p99) },
];

/** How long replies take, of all models and of each. */
export const LatencyCard = ({ stats }: { stats: Stats }) => (
  <Card title="Latency of replies" isWide>
    <Table
      label="Latency of replies"
      columns={COLUMNS}
      rows={[
        { name: 'All models', latency: stats.latency_ms },
        ...stats.models.map(({ model, latency_ms }) => ({ name: model, latency: latency_ms })),
      ]}
      keyOf={({ name }) => name}
      empty="No reply yet."
    />
  </Card>
);
