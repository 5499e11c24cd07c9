import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Request } from 'autocannon';

const run = promisify(execFile);

/** A request of a load, with its access token. */
export interface LoadRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly token: string;
  /** JSON text. */
  readonly body?: string;
}

export interface Load {
  readonly origin: string;
  /** Are sent in turns over all connections. */
  readonly requests: readonly LoadRequest[];
  readonly connections: number;
  readonly seconds: number;
}

/** What a load measured: latencies in milliseconds. */
export interface Loaded {
  readonly requests: number;
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
}

/** wrk takes less of the processor that the server needs too. */
export const loadGenerator = await run('wrk', ['-v']).then(
  () => 'wrk',
  // wrk ends with 1 after it has told its version.
  (error: unknown) => ((error as { code: unknown }).code === 'ENOENT' ? 'autocannon' : 'wrk'),
);

/**
 * Loads a server from a process of its own, over connections that are kept alive.
 *
 * @throws Error when an answer was not 2xx, or did not come
 */
export async function load(given: Load): Promise<Loaded> {
  const { failed, ...loaded } = await (loadGenerator === 'wrk' ? loadWithWrk(given) : loadWithAutocannon(given));
  if (failed > 0) throw new Error(`${failed} of ${loaded.requests} requests such as ${given.requests[0]?.path ?? ''} failed`);
  return loaded;
}

type Outcome = Loaded & { readonly failed: number };

async function loadWithWrk({ origin, requests, connections, seconds }: Load): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-load-'));
  try {
    const script = join(directory, 'load.lua');
    writeFileSync(script, wrkScript(requests));
    const { stdout } = await run('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script, origin]);
    const [, found, time, p50, p99, failed] = /RESULT (\d+) (\d+) (\d+) (\d+) (\d+)/.exec(stdout)?.map(Number) ?? [];
    if (found === undefined || time === undefined || p50 === undefined || p99 === undefined || failed === undefined)
      throw new Error(stdout);
    return { requests: found, rate: found / (time / 1e6), p50: p50 / 1e3, p99: p99 / 1e3, failed };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const wrkScript = (requests: readonly LoadRequest[]): string => `
local requests, n = {}, 0
function init()
${requests
  .map(({ method, path, token, body }) => {
    const headers = [`["Authorization"] = "Bearer ${token}"`, ...(body === undefined ? [] : ['["Content-Type"] = "application/json"'])];
    return `  requests[#requests + 1] = wrk.format("${method}", "${path}", { ["Host"] = wrk.headers["Host"], ${headers.join(', ')} }, ${body === undefined ? 'nil' : JSON.stringify(body)})`;
  })
  .join('\n')}
end
function request()
  n = n % #requests + 1
  return requests[n]
end
function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format("RESULT %d %d %d %d %d", summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), failed))
end
`;

interface AutocannonResult {
  readonly requests: { readonly total: number };
  readonly duration: number;
  readonly latency: { readonly p50: number; readonly p99: number };
  readonly non2xx: number;
  readonly errors: number;
}

/** Runs in a process of its own too: a worker's time would count as that of this one. */
async function loadWithAutocannon({ origin, requests, connections, seconds }: Load): Promise<Outcome> {
  const sent: Request[] = requests.map(({ method, path, token, body }) => ({
    method,
    path,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body }),
  }));
  const options = { url: origin, requests: sent, connections, duration: seconds, timeout: 10 };
  const program = `import autocannon from 'autocannon'; console.log(JSON.stringify(await autocannon(${JSON.stringify(options)})))`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { maxBuffer: 16 * 1024 * 1024 });
  const { requests: found, duration, latency, non2xx, errors } = JSON.parse(stdout) as AutocannonResult;
  return { requests: found.total, rate: found.total / duration, p50: latency.p50, p99: latency.p99, failed: non2xx + errors };
}
