import { Button } from 'react-aria-components';
import { notify } from '../../ui/notices.tsx';
import { useTask } from '../../ui/use-task.ts';
import { download, type Stats } from '../api.ts';
import { count } from '../format.ts';
import { problemOf } from '../list/use-list.ts';
import { hrefOf } from '../route.ts';
import { Card } from '../ui/card.tsx';
import { type Column, Table } from '../ui/table.tsx';

interface Row {
  readonly model: string;
  readonly up: number;
  readonly down: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { name: 'Model', cell: ({ model }) => model },
  { name: 'Up', kind: 'number', cell: ({ up }) => count(up) },
  { name: 'Down', kind: 'number', cell: ({ down }) => count(down) },
  { name: 'Share of up', kind: 'number', cell: ({ up, down }) => `${((up / (up + down)) * 100).toFixed(0)} %` },
];

/** The ratings of the period by model, the model with the most first. */
function rowsOf(feedback: Stats['feedback']): Row[] {
  const rows = new Map<string, Row>();
  for (const { model, up, down } of feedback) {
    const before = rows.get(model);
    rows.set(model, { model, up: (before?.up ?? 0) + up, down: (before?.down ?? 0) + down });
  }
  return [...rows.values()].sort((a, b) => b.up + b.down - a.up - a.down);
}

const save = (period: URLSearchParams): Promise<void> =>
  download(`/admin/feedback/export?${period}`, 'feedback.jsonl').catch((error: unknown) => {
    notify(error instanceof Error ? problemOf(error, { content: 'true' }) : error);
  });

/** How users rate the replies of each model, with the rated replies of the period to save for an evaluation. */
export function RatingsCard({ stats: { from, to, feedback } }: { stats: Stats }) {
  const task = useTask();
  return (
    <Card title="Ratings of replies" isWide>
      <Table
        label="Ratings of replies"
        columns={COLUMNS}
        rows={rowsOf(feedback)}
        keyOf={({ model }) => model}
        empty="No reply was rated."
      />
      <p>
        <a href={hrefOf('messages', { rating: 'down' })}>Replies rated down</a>
      </p>
      <Button
        className="button small"
        isDisabled={task.isBusy}
        onPress={() => {
          task.run(() => save(new URLSearchParams({ from, to })));
        }}
      >
        Export JSON Lines
      </Button>
    </Card>
  );
}
