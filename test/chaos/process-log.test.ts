import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import type { LogLine } from '../support/captured-log.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { describeOn } from '../support/engines.js';
import type { ManagedProcess } from '../support/managed-process.js';
import { until } from '../support/until.js';

let cluster: Cluster;

describeOn('redis', 'the log of a process', () => {
  beforeAll(async () => {
    cluster = await startCluster({ apis: 1, workers: 1, settings: { LOG_LEVEL: 'info', DRAIN_SECONDS: '5', DRAIN_DELAY_SECONDS: '0' } });
  });

  afterAll(() => cluster.close());

  const lines = (process: ManagedProcess): LogLine[] => process.output.map((line) => JSON.parse(line) as LogLine);
  const only = <T>([one]: readonly T[]): T => {
    if (one === undefined) throw new Error('there is none');
    return one;
  };

  test('each process says in JSON when it is ready, drains and has ended, and lists no routes', async () => {
    const [api, worker] = [only(cluster.apis).process, only(cluster.workers)];
    await until('the worker is ready', () => lines(worker).some(({ msg }) => msg === 'ready'));
    const codes = [await api.terminate(), await worker.terminate()];
    expect(codes).toEqual([0, 0]);
    const own = {
      level: 'info',
      context: 'Process',
      time: expect.any(String) as string,
      pid: expect.any(Number) as number,
      hostname: expect.any(String) as string,
    };
    const lifeOf = (process: 'api' | 'worker', more: object) => [
      { ...own, msg: 'ready', process, node: globalThis.process.versions.node, start_ms: expect.any(Number) as number, ...more },
      { ...own, msg: 'draining', process, within_s: 5 },
      { ...own, msg: 'ended', process, uptime_s: expect.any(Number) as number },
    ];
    // Beside these, the API logs the requests of this test.
    expect(lines(api).filter(({ context }) => context !== 'Http')).toEqual(lifeOf('api', { url: only(cluster.apis).client.origin }));
    expect(lines(worker)).toEqual(lifeOf('worker', {}));
  });

  /** Runs a script as a process of the build; `inTerminal` gives it one. */
  async function run(script: string, { inTerminal = false } = {}): Promise<{ code: number; output: string }> {
    const node = [process.execPath, '--input-type=module', '--eval', script] as const;
    const quoted = node.map((part) => `'${part.replaceAll("'", `'\\''`)}'`).join(' ');
    const [command, ...args] = inTerminal ? (['script', '-qec', quoted, '/dev/null'] as const) : node;
    const child = spawn(command, args, { cwd: process.cwd(), stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    return { code, output };
  }

  const OPEN = `
    import { Logger } from '@nestjs/common';
    import { openLog } from './dist/src/common/logging/open-log.js';
    import { processLog } from './dist/src/apps/process-log.js';
    Logger.overrideLogger(await openLog({ level: 'info' }));
    processLog.crashes();
    const logger = new Logger('Test');`;

  test('no line is lost when a process ends or crashes, though lines are written in chunks', async () => {
    const ended = await run(`${OPEN} for (let i = 0; i < 1_000; i += 1) logger.log('line', { i }); process.exit(3);`);
    expect(ended.code).toBe(3);
    expect(
      ended.output
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { i: number }).i),
    ).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
    for (const crash of [`setTimeout(() => { throw new Error('gone'); })`, `void Promise.reject(new Error('gone'))`]) {
      const crashed = await run(`${OPEN} logger.log('before'); ${crash}; setTimeout(() => undefined, 60_000);`);
      expect(crashed.code).toBe(1);
      const written = crashed.output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as LogLine);
      expect(written).toMatchObject([
        { level: 'info', msg: 'before' },
        { level: 'fatal', context: 'Process', msg: 'crashed', err: { type: 'Error', message: 'gone' } },
      ]);
    }
  });

  test('in a terminal a line is text in colours, with what a person wants to know of a request', async () => {
    const line = { method: 'POST', route: '/auth/login', status: 200, ms: 12.5, address: '127.0.0.1', request_id: 'r-1' };
    const { output } = await run(`${OPEN} logger.log('request', ${JSON.stringify(line)}); logger.warn('careful');`, { inTerminal: true });
    expect(output).toContain('\u001b[');
    const text = stripVTControlCharacters(output).replaceAll('\r', '');
    expect(text).toMatch(
      /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: \[Test\] POST \/auth\/login 200, 12\.5 ms \{"request_id":"r-1"\}\n\[\d\d:\d\d:\d\d\.\d{3}\] WARN: \[Test\] careful\n$/,
    );
  });
});
