import type { DataSource } from 'typeorm';
import type { RecordedQuery } from './statements.js';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly PlanNode[];
}

export interface PlanSummary {
  /** Tables that are read from end to end, the small ones left out. */
  readonly seqScans: readonly string[];
  readonly indexes: readonly string[];
  /** How often each index was looked into. */
  readonly lookUps: Readonly<Record<string, number>>;
  /** Rows of `messages` that were looked at. */
  readonly messagesRead: number;
}

const LARGE = new Set(['messages', 'chatrooms', 'users']);

const nodesOf = (plan: PlanNode): PlanNode[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

function summarise(plan: PlanNode): PlanSummary {
  const nodes = nodesOf(plan);
  const of = (name: string | undefined) => name ?? '';
  return {
    seqScans: nodes
      .filter((node) => node['Node Type'] === 'Seq Scan')
      .map((node) => of(node['Relation Name']))
      .filter((table) => LARGE.has(table)),
    indexes: [...new Set(nodes.map((node) => of(node['Index Name'])).filter((name) => name !== ''))].sort(),
    lookUps: nodes.reduce<Record<string, number>>((counts, { 'Index Name': index, 'Actual Loops': loops = 0 }) => {
      return index === undefined ? counts : { ...counts, [index]: (counts[index] ?? 0) + loops };
    }, {}),
    messagesRead: nodes
      .filter((node) => node['Relation Name'] === 'messages' && node['Node Type'].includes('Scan'))
      .map((node) => {
        const rows = (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
        return Math.round(rows * (node['Actual Loops'] ?? 0));
      })
      .reduce((sum, rows) => sum + rows, 0),
  };
}

/**
 * How PostgreSQL runs a statement: with the plan for these very values, and with the one for any values that it may
 * keep for a prepared statement. Both are run, and what they write is undone.
 */
export async function explain(
  dataSource: DataSource,
  { text, values }: RecordedQuery,
): Promise<{ custom: PlanSummary; generic: PlanSummary }> {
  const planWith = async (mode: 'force_custom_plan' | 'force_generic_plan'): Promise<PlanSummary> => {
    const runner = dataSource.createQueryRunner();
    try {
      await runner.startTransaction();
      await runner.query(`SET LOCAL plan_cache_mode = ${mode}`);
      const types = values.length > 0 ? `(${values.map(() => 'unknown').join(', ')})` : '';
      await runner.query(`PREPARE explained ${types} AS ${text}`);
      const literals = values.map(toLiteral).join(', ');
      const rows = (await runner.query(`EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE explained ${values.length > 0 ? `(${literals})` : ''}`)) as {
        'QUERY PLAN': [{ Plan: PlanNode }];
      }[];
      const plan = rows[0]?.['QUERY PLAN'][0].Plan;
      if (!plan) throw new Error('no plan');
      return summarise(plan);
    } finally {
      await runner.rollbackTransaction();
      await runner.query('DEALLOCATE explained').catch(() => undefined);
      await runner.release();
    }
  };
  return { custom: await planWith('force_custom_plan'), generic: await planWith('force_generic_plan') };
}

/** As text, as pg sends it. */
function toLiteral(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (Array.isArray(value)) return quote(`{${value.map((item) => JSON.stringify(item)).join(',')}}`);
  if (Buffer.isBuffer(value)) return quote(`\\x${value.toString('hex')}`);
  if (value instanceof Date) return quote(value.toISOString());
  return quote(typeof value === 'string' ? value : JSON.stringify(value));
}

const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;
