import { Client } from 'pg';

/**
 * The text of every statement that this process sends to PostgreSQL while `work` runs, in order. Whoever prepares them, they all go through
 * the client of their connection.
 */
export async function recordStatements(work: () => Promise<unknown>): Promise<string[]> {
  const statements: string[] = [];
  const original = Reflect.get(Client.prototype, 'query') as (...args: unknown[]) => unknown;
  const spy = jest.spyOn(Client.prototype, 'query').mockImplementation(function (this: Client, ...args: unknown[]) {
    const [first] = args;
    statements.push(typeof first === 'string' ? first : (first as { text: string }).text);
    return original.apply(this, args);
  });
  try {
    await work();
  } finally {
    spy.mockRestore();
  }
  return statements;
}
