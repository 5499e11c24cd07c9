import { cpus, release, totalmem, type } from 'node:os';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { plot } from './plot.js';

/** One path under one load, here and bare, as medians of all rounds. Latencies and CPU times in milliseconds. */
export interface Comparison {
  readonly path: string;
  /** What the bare server does for a request. */
  readonly baseline: string;
  readonly connections: number;
  readonly ours: Cost;
  readonly bare: Cost;
  /** The median of the rounds' ratios of the rates, ours to bare. */
  readonly ratio: number;
  /** The ratio needs it; null for a load that only belongs to a curve. */
  readonly target: Target | null;
}

/** What is aimed at. */
export interface Target {
  readonly is: '≥' | '≤' | '<';
  readonly limit: number;
  /** What it would take to reach it, for the list of misses. */
  readonly remedy: string;
}

export interface Cost {
  /** Requests a second. */
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  /** CPU time of a request in the server, in PostgreSQL and in Redis. */
  readonly cpu: { readonly server: number; readonly postgres: number; readonly redis: number };
}

/** A single number. */
export interface Measured {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** null for a number that explains another one. */
  readonly target: Target | null;
}

export interface Results {
  readonly comparisons: Comparison[];
  readonly measured: Measured[];
  /** What could not be measured, and why. */
  readonly failures: string[];
}

export interface Circumstances {
  readonly date: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly seconds: number;
}

export const machine = (): string => {
  const processors = cpus();
  return `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 1024 ** 3)} GB, ${type()} ${release()}`;
};

/** One line of Markdown for each missed target, and for each part that could not be measured. */
export function missesOf({ comparisons, measured, failures }: Results): string[] {
  const ratios = comparisons.map(({ path, connections, baseline, ratio, target }) => ({
    what: `\`${path}\` at ${connections} connections, of “${baseline}”`,
    value: ratio,
    unit: '×',
    target,
  }));
  const missed = [...ratios, ...measured].flatMap(({ what, value, unit, target }) =>
    target === null || isMet(value, target) ? [] : [`- ${what}: ${withUnit(value, unit)} instead of ${toText(target)}. ${target.remedy}`],
  );
  return [...missed, ...failures.map((failure) => `- Not measured: ${failure}`)];
}

function isMet(value: number, { is, limit }: Target): boolean {
  if (is === '≥') return value >= limit;
  return is === '≤' ? value <= limit : value < limit;
}

const toText = ({ is, limit }: Target): string => `${is} ${limit}`;

const withUnit = (value: number, unit: string): string => `${round(value)} ${unit}`.trim();

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}

/** The results as Markdown. */
export function toMarkdown(results: Results): string {
  const { comparisons, measured } = results;
  const misses = missesOf(results);
  return [
    ...table(
      [
        'path',
        'connections',
        'bare beside it',
        'ours, req/s',
        'bare, req/s',
        'ratio',
        'target',
        'API CPU',
        'bare CPU',
        'PostgreSQL CPU',
        'with bare',
      ],
      comparisons
        .filter(isTarget)
        .map(({ path, connections, baseline, ours, bare, ratio, target }) => [
          path,
          connections,
          baseline,
          Math.round(ours.rate),
          Math.round(bare.rate),
          ratio.toFixed(2),
          toText(target),
          ours.cpu.server.toFixed(2),
          bare.cpu.server.toFixed(2),
          ours.cpu.postgres.toFixed(2),
          bare.cpu.postgres.toFixed(2),
        ]),
    ),
    ...table(
      ['one client', 'bare beside it', 'ours, p50 ms', 'bare, p50 ms'],
      comparisons
        .filter(({ connections }) => connections === 1)
        .map(({ path, baseline, ours, bare }) => [path, baseline, ours.p50.toFixed(2), bare.p50.toFixed(2)]),
    ),
    ...table(
      ['measured', 'value', 'target'],
      measured.map(({ what, value, unit, target }) => [what, withUnit(value, unit), target === null ? '' : toText(target)]),
    ),
    '### Misses',
    '',
    ...(misses.length > 0 ? misses : ['None.']),
    '',
  ].join('\n');
}

const isTarget = (comparison: Comparison): comparison is Comparison & { target: Target } => comparison.target !== null;

const round = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(Math.abs(value) >= 10 ? 1 : 2);

/** A table in Markdown; no lines when there are no rows. */
function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  if (rows.length === 0) return [];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).concat('');
}

const BEGIN = '<!-- The part up to the next mark is written by `npm run bench`. -->';
const END = '<!-- The end of what is written by `npm run bench`. -->';

/** Writes bench/results.json and the plots, and replaces the written part of bench/RESULTS.md. */
export async function save(results: Results, { date, versions, rounds, seconds, ...given }: Circumstances): Promise<void> {
  const document = 'bench/RESULTS.md';
  mkdirSync('bench/plots', { recursive: true });
  const charts = curvesOf(results).map(({ path, baseline, svg }) => {
    const name = `${path} beside ${baseline}`.toLowerCase().replaceAll(/[^a-z]+/g, '-');
    const file = `plots/${name}.svg`;
    writeFileSync(`bench/${file}`, svg);
    return `![Latency of ${path} against load, beside ${baseline}](${file})`;
  });
  const written = [
    `${date}, ${given.machine}; ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
    `Medians of ${rounds} rounds of ${seconds} s. CPU in milliseconds a request.`,
    '',
    toMarkdown(results),
    ...charts,
  ].join('\n');
  const [before = '', rest = ''] = readFileSync(document, 'utf8').split(BEGIN);
  const after = rest.slice(rest.indexOf(END) + END.length);
  const text = `${before}${BEGIN}\n\n${written}\n\n${END}${after}`;
  writeFileSync(document, await format(text, { parser: 'markdown', printWidth: 140 }));
  const json = JSON.stringify({ date, ...given, versions, rounds, seconds, ...results });
  writeFileSync('bench/results.json', await format(json, { parser: 'json', printWidth: 140 }));
}

/** The paths that were measured under several loads. */
function curvesOf({ comparisons }: Results): { path: string; baseline: string; svg: string }[] {
  const groups = new Map<string, Comparison[]>();
  for (const comparison of comparisons) {
    const name = `${comparison.path}, beside: ${comparison.baseline}`;
    groups.set(name, [...(groups.get(name) ?? []), comparison]);
  }
  return [...groups.values()].flatMap((points) => {
    const [first] = points;
    if (first === undefined || points.length < 3) return [];
    const line = (name: string, side: 'ours' | 'bare', at: 'p50' | 'p99') => ({
      name: `${name} ${at}`,
      dashed: at === 'p99',
      points: points.map((point) => ({ x: point[side].rate, y: point[side][at], label: String(point.connections) })),
    });
    const lines = [line('ours', 'ours', 'p50'), line('ours', 'ours', 'p99'), line('bare', 'bare', 'p50'), line('bare', 'bare', 'p99')];
    return [{ path: first.path, baseline: first.baseline, svg: plot({ title: first.path, x: 'requests a second', y: 'ms', lines }) }];
  });
}
