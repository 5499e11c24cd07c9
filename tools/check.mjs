/**
 * Every `check:*` script of package.json, two at a time, slowest first. What a part says is shown when it fails:
 * `npm run check`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const PARTS = ['lint', 'drift', 'types', 'format', 'imports', 'unused'];

async function run(part) {
  const start = performance.now();
  const child = spawn(`npm run --silent check:${part}`, { shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk));
  const [code] = await once(child, 'close');
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${part} (${seconds} s)`);
  if (code !== 0) console.log(Buffer.concat(output).toString());
  return code === 0;
}

const waiting = [...PARTS];
const results = [];
async function lane() {
  for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) results.push(await run(part));
}
await Promise.all([lane(), lane()]);
process.exitCode = results.every(Boolean) ? 0 : 1;
