import { Client } from 'pg';

export interface RecordedQuery {
  /** Of a named statement. */
  readonly name: string | null;
  readonly text: string;
  readonly values: readonly unknown[];
}

/**
 * Every query that this process sends to PostgreSQL while `work` runs, in order. Whoever prepares them, they all go
 * through the client of their connection.
 */
export async function recordQueries(work: () => Promise<unknown>): Promise<RecordedQuery[]> {
  const queries: RecordedQuery[] = [];
  const original = Reflect.get(Client.prototype, 'query') as (...args: unknown[]) => unknown;
  const spy = jest.spyOn(Client.prototype, 'query').mockImplementation(function (this: Client, ...args: unknown[]) {
    const [first, second] = args;
    const query = typeof first === 'string' ? { text: first } : (first as { name?: string; text: string; values?: unknown[] });
    queries.push({ name: null, values: Array.isArray(second) ? (second as unknown[]) : [], ...query });
    return original.apply(this, args);
  });
  try {
    await work();
  } finally {
    spy.mockRestore();
  }
  return queries;
}

/** The text of every statement that `recordQueries` records. */
export const recordStatements = async (work: () => Promise<unknown>): Promise<string[]> =>
  (await recordQueries(work)).map(({ text }) => text);
