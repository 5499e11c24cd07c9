/** A filter of a list. Its value is part of the address. */
export interface Filter {
  readonly name: string;
  readonly label: string;
  /** The words to choose from, with their texts; without them it is a text. */
  readonly options?: readonly (readonly [word: string, text: string])[];
  readonly type?: 'search' | 'date';
  readonly hint?: string;
  /** The name of the filter for an id of the same. What is written in the field may be either. */
  readonly orId?: string;
}

export type FilterValues = Readonly<Record<string, string>>;

export interface Page<Row> {
  readonly data: readonly Row[];
  readonly next_cursor: string | null;
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** What the fields of the filters hold, by what an address says. */
export const valuesOf = (filters: readonly Filter[], query: URLSearchParams): FilterValues =>
  Object.fromEntries(filters.map(({ name, orId }) => [name, query.get(name) ?? (orId === undefined ? null : query.get(orId)) ?? '']));

/** What an address, and the API, are told by what the fields hold. Empty ones are left out. */
export function queryOf(filters: readonly Filter[], values: FilterValues): FilterValues {
  const given = filters.flatMap(({ name, orId }) => {
    const value = values[name]?.trim() ?? '';
    return value === '' ? [] : [[orId !== undefined && UUID.test(value) ? orId : name, value] as const];
  });
  return Object.fromEntries(given);
}

/** The fields of the query with these names. */
export const fieldsOf = (query: FilterValues, ...names: string[]): FilterValues =>
  Object.fromEntries(Object.entries(query).filter(([name]) => names.includes(name)));

export const ANY = ['', 'Any'] as const;

/** The options of words that are their own texts. */
export const wordOptions = (...words: string[]): NonNullable<Filter['options']> => [ANY, ...words.map((word) => [word, word] as const)];

export const YES_OR_NO: NonNullable<Filter['options']> = [ANY, ['true', 'Yes'], ['false', 'No']];

/** The user whose rows are shown. */
export const USER: Filter = { name: 'username', orId: 'user_id', label: 'User', hint: 'Name or id' };

/** Whether what users wrote is shown. */
export const contentFilter = (label: string): Filter => ({
  name: 'content',
  label,
  options: [
    ['', 'Hidden'],
    ['true', 'Shown (recorded in the audit log)'],
  ],
});

export const PERIOD: readonly Filter[] = [
  { name: 'from', label: 'From (UTC)', type: 'date' },
  { name: 'to', label: 'Before (UTC)', type: 'date' },
];
