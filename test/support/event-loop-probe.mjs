/**
 * Measures the event loop of a process that is started with `--import` of this file, and tells what it measured since
 * the start or the request before on `EVENT_LOOP_PROBE_PORT`: how late each turn was, in milliseconds, without the time
 * for which the main thread was ready to run and the machine gave it no processor. That time belongs to the other
 * processes of a busy machine.
 */
import { existsSync, openSync, readSync } from 'node:fs';
import { createServer } from 'node:http';
import { isMainThread } from 'node:worker_threads';

const EVERY_MS = 10;
const STATISTICS = '/proc/self/schedstat';

if (isMainThread) {
  const statistics = existsSync(STATISTICS) ? openSync(STATISTICS, 'r') : null;
  const line = Buffer.alloc(128);
  /** For how long the main thread has waited for a processor, in milliseconds. */
  const waited = () => {
    if (statistics === null) return 0;
    const length = readSync(statistics, line, 0, line.length, 0);
    return Number(line.toString('latin1', 0, length).split(' ')[1]) / 1e6;
  };

  let delays = [];
  const measureTurn = (start, waitedBefore) => {
    setTimeout(() => {
      const [end, waitedSince] = [performance.now(), waited() - waitedBefore];
      delays.push(Math.max(0, end - start - EVERY_MS - waitedSince));
      measureTurn(end, waitedBefore + waitedSince);
    }, EVERY_MS).unref();
  };
  measureTurn(performance.now(), waited());

  createServer((_request, response) => {
    // Otherwise the connection would count as one that the attack has left.
    response.setHeader('connection', 'close').end(JSON.stringify(delays));
    delays = [];
  })
    .listen(Number(process.env.EVENT_LOOP_PROBE_PORT), '127.0.0.1')
    .unref();
}
