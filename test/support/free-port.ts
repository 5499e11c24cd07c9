import { once } from 'node:events';
import { createServer } from 'node:net';

/*
 * Below what systems give out by themselves (from 32768 on Linux, 49152 elsewhere), so that between this answer and its
 * use no connection and no server on port 0 takes the port; each of Jest's workers goes through a thousand of its own.
 */
const FIRST = 20_000;
const SHARE = 1_000;
const SHARES = 12;

const share = FIRST + SHARE * (Number(process.env['JEST_WORKER_ID'] ?? 1) % SHARES);
let next = Math.floor(Math.random() * SHARE);

/** A port of the loopback interface that nothing listens on, for a process that must be told its port. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < SHARE; tries += 1) {
    const port = share + (next++ % SHARE);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port from ${share} to ${share + SHARE - 1}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listening = once(server, 'listening').then(
    () => true,
    () => false,
  );
  server.listen(port, '127.0.0.1');
  if (!(await listening)) return false;
  server.close();
  await once(server, 'close');
  return true;
}
