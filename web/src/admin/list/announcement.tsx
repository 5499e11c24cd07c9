import { useState } from 'react';

interface AnnouncementProps<Row> {
  /** Null until they are loaded. */
  readonly rows: readonly Row[] | null;
  readonly keyOf: (row: Row) => string;
}

/** Tells those who do not see the table what has changed in it. */
export function Announcement<Row>({ rows, keyOf }: AnnouncementProps<Row>) {
  const [known, setKnown] = useState<readonly Row[] | null>(null);
  const [text, setText] = useState('');
  if (rows !== known) {
    setKnown(rows);
    setText(textOf(known, rows, keyOf));
  }
  return (
    <p className="visually-hidden" role="status">
      {text}
    </p>
  );
}

const rowsIn = (count: number): string => (count === 1 ? '1 row' : `${count} rows`);

function textOf<Row>(before: readonly Row[] | null, after: readonly Row[] | null, keyOf: (row: Row) => string): string {
  if (after === null) return '';
  const known = new Map(before?.map((row) => [keyOf(row), JSON.stringify(row)]));
  const same = after.filter((row) => known.has(keyOf(row)));
  if (before === null || same.length < after.length || same.length < before.length) return `${rowsIn(after.length)} shown.`;
  return `${rowsIn(same.filter((row) => known.get(keyOf(row)) !== JSON.stringify(row)).length)} changed.`;
}
