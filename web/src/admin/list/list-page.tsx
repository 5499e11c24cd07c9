import type { ReactNode } from 'react';
import { Loading } from '../../ui/loading.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { type Column, Table } from '../ui/table.tsx';
import { Announcement } from './announcement.tsx';
import { ExportButton } from './export-button.tsx';
import { Filters } from './filters.tsx';
import { Pages } from './pages.tsx';
import type { List } from './use-list.ts';

interface ListPageProps<Row> {
  readonly title: string;
  readonly list: List<Row>;
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string;
  /** Text of a list without rows. */
  readonly empty: string;
  readonly detail?: (row: Row) => ReactNode;
  /** The address of its export. */
  readonly exportFrom?: string;
  /** What can be done beside the title. */
  readonly actions?: ReactNode;
}

/** A list with filters, pages and an optional export. */
export const ListPage = <Row,>({ title, list, columns, keyOf, empty, detail, exportFrom, actions }: ListPageProps<Row>) => (
  <>
    <PageHead title={title}>
      <div className="actions">
        {actions}
        {exportFrom !== undefined && <ExportButton from={exportFrom} name={list.part} query={list.query} />}
      </div>
    </PageHead>
    {list.filters.length > 0 && <Filters filters={list.filters} values={list.values} onNarrow={list.narrow} />}
    <p className="problem" role="alert">
      {list.problem}
    </p>
    {list.data === null ? (
      list.problem === null && <Loading label="Loading" />
    ) : (
      <Table label={title} columns={columns} rows={list.data.data} keyOf={keyOf} empty={empty} detail={detail} />
    )}
    <Announcement rows={list.data?.data ?? null} keyOf={keyOf} />
    <Pages onPrevious={list.toPrevious} onNext={list.toNext} />
  </>
);
