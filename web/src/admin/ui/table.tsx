import { Fragment, type ReactNode } from 'react';

export interface Column<Row> {
  readonly name: string;
  readonly cell: (row: Row) => ReactNode;
  /** Numbers stand at the right, long texts are wrapped, actions stay in sight when the table is scrolled. */
  readonly kind?: 'number' | 'long' | 'action';
}

interface TableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** Text of a table without rows. */
  readonly empty: string;
  /** What is too long for a column: it is below the row. */
  readonly detail?: ((row: Row) => ReactNode) | undefined;
}

/** Rows in columns. It scrolls sideways where the screen is narrower. */
export const Table = <Row,>({ label, columns, rows, keyOf, empty, detail }: TableProps<Row>) => (
  <div className="table" tabIndex={0} role="region" aria-label={label}>
    <table>
      <thead>
        <tr>
          {columns.map(({ name, kind }) => (
            <th key={name} scope="col" className={kind}>
              {kind === 'action' ? <span className="visually-hidden">{name}</span> : name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => {
          const below = detail?.(row) ?? null;
          return (
            <Fragment key={keyOf(row)}>
              <tr>
                {columns.map(({ name, kind, cell }) => (
                  <td key={name} className={kind}>
                    {cell(row)}
                  </td>
                ))}
              </tr>
              {below !== null && (
                <tr className="detail">
                  <td colSpan={columns.length}>{below}</td>
                </tr>
              )}
            </Fragment>
          );
        })}
        {rows.length === 0 && (
          <tr>
            <td className="empty" colSpan={columns.length}>
              {empty}
            </td>
          </tr>
        )}
      </tbody>
    </table>
  </div>
);
