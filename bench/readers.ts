/**
 * The readers of event streams, in a process of their own: opens them, counts the frames that arrive, and reports to
 * its parent when all are open and, when asked, what arrived since.
 */
import { Agent, get } from 'node:http';
import pLimit from 'p-limit';

export interface ReadersOrder {
  readonly origin: string;
  /** One for each reader. */
  readonly streams: readonly { readonly path: string; readonly token: string }[];
}

/** What arrived: frames of text, and for a sample of them the milliseconds since they were written. */
export interface ReadersReport {
  readonly frames: number;
  readonly late: readonly number[];
}

const OPENED_AT_ONCE = 50;
/** Every so many readers one looks at the times that the writer put into its text. */
const SAMPLED = 50;

let frames = 0;
let late: number[] = [];

const open = ({ origin, path, token, isSampled }: { origin: string; path: string; token: string; isSampled: boolean }, agent: Agent) =>
  new Promise<void>((resolve, reject) => {
    get(`${origin}${path}`, { agent, headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' } }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`${path} answered ${answer.statusCode ?? 0}`));
      else resolve();
      answer.on('data', (piece: Buffer) => {
        for (let at = piece.indexOf(' at='); at !== -1; at = piece.indexOf(' at=', at + 1)) {
          frames += 1;
          if (isSampled) late.push(Date.now() - Number(piece.toString('latin1', at + 4, at + 17)));
        }
      });
    }).on('error', reject);
  });

process.on('message', (order: ReadersOrder | 'report') => {
  if (order === 'report') {
    process.send?.({ frames, late } satisfies ReadersReport);
    frames = 0;
    late = [];
    return;
  }
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const turns = pLimit(OPENED_AT_ONCE);
  void Promise.all(
    order.streams.map((stream, i) => turns(() => open({ ...stream, origin: order.origin, isSampled: i % SAMPLED === 0 }, agent))),
  ).then(() => process.send?.('open'));
});
