import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { freePort } from './free-port.js';
import { ManagedProcess } from './managed-process.js';
import { until } from './until.js';

interface PrometheusConfig {
  readonly rule_files: string[];
  readonly scrape_configs: { readonly job_name: string }[];
}

export interface PrometheusResult {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [at: number, value: string];
}

export interface TestPrometheus {
  /** An instant query. @throws Error with Prometheus' words */
  query(expression: string): Promise<PrometheusResult[]>;
  /** The health of each rule by its name: ok once its query was answered. */
  rules(): Promise<Readonly<Record<string, string>>>;
  /** The names of the alerts that are pending or firing. */
  alerts(): Promise<string[]>;
  stop(): Promise<void>;
}

/**
 * Starts the Prometheus of this machine with the configuration and the rules of `deploy/prometheus`, which scrapes
 * these processes once a second.
 *
 * @param targets origins by the name of the job
 */
export async function startTestPrometheus(targets: Readonly<Record<string, readonly string[]>>): Promise<TestPrometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'test-prometheus-'));
  const config = parse(readFileSync('deploy/prometheus/prometheus.yml', 'utf8')) as PrometheusConfig;
  writeFileSync(join(folder, 'alerts.yml'), readFileSync('deploy/prometheus/alerts.yml'));
  const scrapes = config.scrape_configs.map((scrape) => ({
    ...scrape,
    static_configs: [{ targets: (targets[scrape.job_name] ?? []).map((origin) => new URL(origin).host) }],
  }));
  writeFileSync(
    join(folder, 'prometheus.yml'),
    stringify({ ...config, global: { scrape_interval: '1s', evaluation_interval: '1s' }, scrape_configs: scrapes }),
  );
  const port = await freePort();
  const server = new ManagedProcess({
    name: 'prometheus',
    command: [
      'prometheus',
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    env: {},
    cwd: folder,
  });
  await server.start();
  const origin = `http://127.0.0.1:${port}`;
  const ask = async <Data>(path: string): Promise<Data> => {
    const { status, error, data } = (await (await fetch(`${origin}${path}`)).json()) as { status: string; error?: string; data: Data };
    if (status !== 'success') throw new Error(`Prometheus answers ${error ?? status} to ${path}`);
    return data;
  };
  await until(
    'Prometheus is ready',
    async () => {
      if (!server.isRunning) throw new Error(server.output.join('\n'));
      return (await fetch(`${origin}/-/ready`).catch(() => null))?.ok === true;
    },
    60_000,
  );
  return {
    query: async (expression) =>
      (await ask<{ result: PrometheusResult[] }>(`/api/v1/query?query=${encodeURIComponent(expression)}`)).result,
    rules: async () => {
      const { groups } = await ask<{ groups: { rules: { name: string; health: string }[] }[] }>('/api/v1/rules');
      return Object.fromEntries(groups.flatMap(({ rules }) => rules.map(({ name, health }) => [name, health])));
    },
    alerts: async () =>
      (await ask<{ alerts: { labels: { alertname: string } }[] }>('/api/v1/alerts')).alerts.map(({ labels }) => labels.alertname),
    stop: async () => {
      await server.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
