import type { DeclaredTypes } from './sql-types.js';
import { type Statement, statement } from './statement.js';

/** A row as the export writes it. */
export type PersonalDataRow = Readonly<Record<string, unknown>>;

/** A part of the export of a user's data. The module that owns the tables declares it in its `personal-data.ts`. */
export interface PersonalData {
  /** The field of the exported document. */
  readonly name: string;
  /** The tables whose personal data it contains. */
  readonly tables: readonly string[];
  /** All rows of one user. They are held in memory. */
  readonly rows: Statement<PersonalDataRow, { readonly user_id: string }>;
}

interface ExportedTable {
  readonly table: string;
  /** The field of the exported document; the name of the table by default. */
  readonly name?: string;
  /** The columns that are exported. Secrets and internal columns are not. */
  readonly columns: DeclaredTypes;
  readonly order: string;
}

/** Exports some columns of a table that has a `user_id`. */
export const exportTable = ({ table, name = table, columns, order }: ExportedTable): PersonalData => ({
  name,
  tables: [table],
  rows: statement({
    name: `${table}_export`,
    parameters: { user_id: 'uuid' },
    columns,
    text: `SELECT ${Object.keys(columns).join(', ')} FROM ${table} WHERE user_id = :user_id ORDER BY ${order}`,
  }),
});

export const DATABASE_PERSONAL_DATA: readonly PersonalData[] = [
  exportTable({
    table: 'idempotency_keys',
    columns: { scope: 'text', key: 'text', result: 'jsonb', created_at: 'timestamptz' },
    order: 'scope, key',
  }),
];
