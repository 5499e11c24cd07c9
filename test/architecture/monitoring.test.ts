import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { describeSettings } from '../../src/config/describe-settings.js';
import { describeWith } from '../support/programs.js';

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string; readonly annotations: { readonly runbook: string } }[];
  }[];
}

interface RuleTests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts?: readonly unknown[] }[];
  }[];
}

interface Dashboard {
  readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
}

const ALERTS = 'deploy/prometheus/alerts.yml';
const TESTS = 'deploy/prometheus/alerts.test.yml';

const alerts = (parse(readFileSync(ALERTS, 'utf8')) as Rules).groups.flatMap(({ rules }) => rules);
const names = alerts.map(({ alert }) => alert);

test('each alert is tested while all is well and while it is not', () => {
  const cases = (parse(readFileSync(TESTS, 'utf8')) as RuleTests).tests.flatMap((each) => each.alert_rule_test);
  const named = (raised: boolean) =>
    cases.filter(({ exp_alerts: expected = [] }) => expected.length > 0 === raised).map(({ alertname }) => alertname);
  expect(named(true)).toEqual(names);
  expect(named(false)).toEqual(names);
});

test('each alert has its paragraph in the runbook, and each paragraph its alert', () => {
  const [, runbook = ''] = readFileSync('docs/operations.md', 'utf8').split('\n## Alerts\n');
  const [section = ''] = runbook.split(/\n## /u);
  expect([...section.matchAll(/^### (\w+)\n\n\S/gmu)].map(([, name]) => name)).toEqual(names);
  expect(alerts.map(({ annotations }) => annotations.runbook)).toEqual(names.map((name) => `docs/operations.md#${name.toLowerCase()}`));
});

/** What is written like a setting and is none of ours: Node's, OpenTelemetry's, and words of Gemini's answers. */
const NO_SETTING = /^(?:NODE_OPTIONS|OTEL_\w+|API_KEY_INVALID|RESOURCE_EXHAUSTED)$/u;

test('the settings and commands that the pages for operators and the alerts name are there', () => {
  const settings = describeSettings().flatMap((section) => section.settings.map(({ name }) => name));
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object };
  const text = [ALERTS, 'docs/operations.md', 'docs/deployment.md', 'docs/billing.md'].map((file) => readFileSync(file, 'utf8')).join('\n');
  const named = [...text.matchAll(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b(?!…)/gu)].map(([name]) => name);
  expect(named.length).toBeGreaterThan(50);
  // Compose reads this one itself.
  expect(named.filter((name) => !settings.includes(name) && !NO_SETTING.test(name) && name !== 'BIND_ADDRESS')).toEqual([]);
  const commands = [...text.matchAll(/npm run ([\w:]+)/gu)].map(([, script = '']) => script);
  expect(commands.filter((script) => !(script in scripts))).toEqual([]);
});

test('what every process says alike is never added up', () => {
  const dashboard = JSON.parse(readFileSync('deploy/grafana/gemini-chat.json', 'utf8')) as Dashboard;
  const queries = [...alerts, ...dashboard.panels.flatMap(({ targets = [] }) => targets)].map(({ expr }) => expr);
  const uses = queries.flatMap((query) =>
    [...query.matchAll(/(?<by>\w+(?: by \([^)]*\) ?)?\()?service_\w+/gu)].map(({ groups }) => groups?.['by']),
  );
  expect(uses.length).toBeGreaterThan(20);
  expect(uses.filter((by) => by?.startsWith('max') !== true)).toEqual([]);
});

describeWith(['promtool'], 'promtool', () => {
  test.each([
    ['check', 'rules', ALERTS],
    ['test', 'rules', TESTS],
    ['check', 'config', 'deploy/prometheus/prometheus.yml'],
  ])('%s %s %s', (...command) => {
    const { status, stdout, stderr } = spawnSync('promtool', command, { encoding: 'utf8' });
    expect([status, stdout.includes('SUCCESS')]).toEqual([0, true]);
    expect(`${stdout}${stderr}`).not.toMatch(/FAILED|error/iu);
  });
});
