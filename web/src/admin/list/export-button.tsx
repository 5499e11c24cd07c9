import { Button } from 'react-aria-components';
import { notify } from '../../ui/notices.tsx';
import { useTask } from '../../ui/use-task.ts';
import { download } from '../api.ts';
import type { FilterValues } from './list.ts';
import { problemOf } from './use-list.ts';

interface ExportButtonProps {
  readonly from: string;
  readonly name: string;
  readonly query: FilterValues;
}

/** Saves all rows that match the filters. An export is always ordered by time. */
export function ExportButton({ from, name, query }: ExportButtonProps) {
  const task = useTask();
  const save = async () => {
    const filters = new URLSearchParams(query);
    filters.delete('sort');
    await download(`${from}?${filters}`, `${name}.csv`).catch((error: unknown) => {
      notify(error instanceof Error ? problemOf(error, query) : error);
    });
  };
  return (
    <Button
      className="button small"
      isDisabled={task.isBusy}
      onPress={() => {
        task.run(save);
      }}
    >
      Export CSV
    </Button>
  );
}
