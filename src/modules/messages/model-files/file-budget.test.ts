import fc from 'fast-check';
import type { StoredAttachment } from '../../attachments/index.js';
import { chooseContext, historyLimits, type PathMessage, toTurns, withOlderFilesNamed } from '../context.js';
import { fitFiles, nameFiles, type TokenBounds } from './file-budget.js';

const fileOf = (id: string, mediaType = 'application/pdf'): StoredAttachment => ({
  id,
  name: `${id}.pdf`,
  mediaType,
  size: 1,
  sha256: Buffer.alloc(32),
  createdAt: new Date(0),
});

/** A branch from its first message on, in turn by the user and the model. */
const branchOf = (tokens: readonly number[]): PathMessage[] =>
  tokens.map((one, i) => ({
    id: `m${i}`,
    depth: i + 1,
    role: i % 2 === 0 ? 'user' : 'model',
    status: 'completed',
    content: `text ${i}`,
    tokens: one,
    summary: null,
    hasSummary: false,
    isRefused: false,
  }));

const spentBy = ({ tokens, files = [] }: PathMessage): number => files.reduce((sum, file) => sum + file.tokens, tokens);

describe('the files that fit', () => {
  const exactly = (tokens: number) => (): TokenBounds => ({ least: tokens, most: tokens });
  const report = fileOf('report');
  const OF_LAST = new Map([['m2', [report]]]);

  test('are given with their message; it names those that do not fit', () => {
    const path = branchOf([10, 10, 10]);
    const [, , given] = fitFiles(path, OF_LAST, 1_000, exactly(900)).path;
    expect(given).toMatchObject({ files: [{ id: 'report', tokens: 900 }], omitted: [] });
    const [, , named] = fitFiles(path, OF_LAST, 1_000, exactly(1_000)).path;
    expect(named).toMatchObject({ files: [], omitted: [{ id: 'report' }] });
    expect(toTurns(named ? [named] : [])).toEqual([
      { role: 'user', text: '[Attached file, not shown here: "report.pdf" (application/pdf)]\n\ntext 2', omitted: 1 },
    ]);
  });

  test('older texts give way to the file of a newer message, older files to newer texts', () => {
    const path = branchOf([400, 400, 10]);
    expect(fitFiles(path, OF_LAST, 1_000, exactly(500)).path.map(({ id }) => id)).toEqual(['m1', 'm2']);
    const old = fitFiles(path, new Map([['m0', [report]]]), 1_000, exactly(500)).path;
    expect(old.map(({ id, omitted }) => [id, omitted?.length])).toEqual([
      ['m0', 1],
      ['m1', undefined],
      ['m2', undefined],
    ]);
  });

  test('one whose figure is not known is to be counted where that decides', () => {
    const path = branchOf([10, 10, 10]);
    const bounds = (least: number, most: number) => fitFiles(path, OF_LAST, 1_000, () => ({ least, most }));
    expect(bounds(258, Infinity).uncounted).toEqual([{ file: report, isNewest: true }]);
    expect(bounds(258, 900).uncounted).toEqual([]);
    expect(bounds(2_000, 9_000).uncounted).toEqual([]);
    expect(bounds(Infinity, Infinity)).toMatchObject({ uncounted: [], path: [{}, {}, { omitted: [{ id: 'report' }] }] });
  });

  test('a refused message has none, and nothing of it is counted', () => {
    const path = branchOf([10, 10, 10]).map((message) => (message.id === 'm1' ? { ...message, isRefused: true } : message));
    const { path: fitting, uncounted } = fitFiles(path, new Map([['m0', [report]]]), 1_000, () => ({ least: 1, most: Infinity }));
    expect(uncounted).toEqual([]);
    expect(toTurns(fitting)).toEqual([{ role: 'user', text: 'text 2' }]);
  });

  test('a large file asks for no summary while the texts fit', () => {
    const path = branchOf([10, 10, 10, 10, 10]);
    const { path: fitting } = fitFiles(path, new Map([['m0', [report]]]), 1_000, exactly(900));
    expect(chooseContext(fitting, historyLimits(1_000))).toMatchObject({ summaryAt: null, trimmed: 0 });
  });

  test('a file that pushes texts out asks for a summary of them', () => {
    const path = branchOf([300, 300, 10, 10, 10]);
    const { path: fitting } = fitFiles(path, new Map([['m4', [report]]]), 1_000, exactly(700));
    expect(chooseContext(fitting, historyLimits(1_000))).toMatchObject({ summaryAt: 'm3', trimmed: 2 });
  });

  test('summaries name every file', () => {
    expect(toTurns(nameFiles(branchOf([1]), new Map([['m0', [report]]])))[0]?.text).toContain('"report.pdf"');
  });

  test('a repeated request may name the older files alone', () => {
    const path = fitFiles(branchOf([10, 10, 10]), new Map([...OF_LAST, ['m0', [fileOf('older')]]]), 1_000, exactly(1)).path;
    const turns = withOlderFilesNamed(toTurns(path));
    expect(turns.map(({ files = [], omitted = 0 }) => [files.length, omitted])).toEqual([
      [0, 1],
      [0, 0],
      [1, 0],
    ]);
  });

  test('never exceed the budget, keep their order, and each file of a message is given or named', () => {
    const figures = fc.record({ least: fc.nat(2_000), more: fc.oneof(fc.nat(2_000), fc.constant(0), fc.constant(Infinity)) });
    const conversation = fc.array(
      fc.record({ tokens: fc.integer({ min: 1, max: 500 }), files: fc.array(figures, { maxLength: 4 }), isRefused: fc.boolean() }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(conversation, fc.nat(4_000), (messages, budget) => {
        const path = branchOf(messages.map(({ tokens }) => tokens)).map((message, i) =>
          message.role === 'model' ? { ...message, isRefused: messages[i]?.isRefused ?? false } : message,
        );
        const bounds = new Map<string, TokenBounds>();
        const attachments = new Map(
          messages.flatMap(({ files }, i): [string, StoredAttachment[]][] => {
            if (i % 2 === 1 || files.length === 0) return [];
            return [
              [
                `m${i}`,
                files.map(({ least, more }, n) => {
                  bounds.set(`f${i}-${n}`, { least, most: least + more });
                  return fileOf(`f${i}-${n}`);
                }),
              ],
            ];
          }),
        );
        const { path: fitting, uncounted } = fitFiles(path, attachments, budget, ({ id }) => bounds.get(id) ?? { least: 0, most: 0 });
        expect(fitting.map(({ id }) => id)).toEqual(path.slice(path.length - fitting.length).map(({ id }) => id));
        const [newest, ...others] = fitting.toReversed();
        if (!newest) throw new Error('the message to answer is missing');
        const spent = fitting.reduce((sum, message) => sum + spentBy(message), 0);
        if (others.length > 0 || (newest.files ?? []).length > 0) expect(spent).toBeLessThanOrEqual(budget);
        for (const { id, files = [], omitted = [] } of fitting) {
          const own = (attachments.get(id) ?? []).map((file) => file.id);
          const seen = new Set([...files, ...omitted].map((file) => file.id));
          if (seen.size > 0) expect(own.filter((file) => seen.has(file))).toEqual(own);
          for (const chosen of [files, omitted]) {
            const ids = chosen.map((file) => file.id);
            expect(own.filter((file) => ids.includes(file))).toEqual(ids);
          }
          for (const file of files) expect(file.tokens).toBe(bounds.get(file.id)?.most);
        }
        for (const { file } of uncounted) expect(bounds.get(file.id)?.most).toBeGreaterThan(bounds.get(file.id)?.least ?? 0);
      }),
    );
  });
});
