import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Journal, type Change } from './journal.js';
import { Store } from './store.js';

describe('the journal', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stripe-journal-'));
    file = join(folder, 'state.jsonl');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const changeOf = (index: number): Change => ['customers', `cus_${index}`, { id: `cus_${index}`, name: '€'.repeat(index % 97) }];
  const many = (count: number): Change[] => Array.from({ length: count }, (_, index) => changeOf(index));

  test('is read in pieces, whatever characters lie on their edges, and without a line that was never finished', () => {
    const changes = many(30_000);
    const journal = new Journal(file);
    journal.replace(changes);
    expect(statSync(file).size).toBeGreaterThan(4 * 1024 * 1024);
    expect([...journal.read()]).toEqual(changes);
    writeFileSync(file, `${readFileSync(file, 'utf8')}["customers","cus_torn",{"id":"cus_to`);
    expect([...new Journal(file).read()]).toEqual(changes);
  });

  test('asks to be replaced once it has grown, and is then as long as what is there', () => {
    const journal = new Journal(file);
    const rounds = Array.from({ length: 40 }, () => journal.append(many(8000)));
    expect(rounds.includes(true)).toBe(true);
    journal.replace(many(10));
    expect(statSync(file).size).toBeLessThan(4000);
    expect(journal.append(many(1))).toBe(false);
  });

  test('holds a bounded number of events, the newest', () => {
    const lines = Array.from({ length: 20_500 }, (_, index) => JSON.stringify(['events', `evt_${index}`, { id: `evt_${index}` }]));
    writeFileSync(file, `${lines.join('\n')}\n`);
    const events = new Store(file).all('events');
    expect(events).toHaveLength(20_000);
    expect([events[0]?.id, events.at(-1)?.id]).toEqual(['evt_500', 'evt_20499']);
  });
});
