import { readdirSync, readFileSync } from 'node:fs';

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .map((file) => ({ file, text: readFileSync(`src/${file}`, 'utf8') }));

const filesWith = (pattern: RegExp): string[] => sources.filter(({ text }) => pattern.test(text)).map(({ file }) => file);

test('the numbers and key families of advisory locks are in one file', () => {
  expect(filesWith(/7_?164_?201_?\d{3}|hashtextextended/)).toEqual(['database/locks.ts']);
  expect(filesWith(/advisory(?:_xact)?_lock(?:_shared)?\(\s*\d/)).toEqual([]);
});

test('the database is reached without a cast through `unknown`', () => {
  expect(filesWith(/as unknown as/).filter((file) => file.startsWith('database/'))).toEqual([]);
});

test('a process opens one pool for its data, and one for its queues', () => {
  expect(filesWith(/new (?:Measured)?Pool\(/).sort()).toEqual(['database/pool.ts', 'queue/queue-connection.ts']);
});
