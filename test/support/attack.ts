import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiProcess, type Cluster, untilReady } from './cluster.js';
import { until } from './until.js';

const SAMPLE_MS = 100;
/** In half a second. */
const STARVED_MS = 50;
const MIB = 1024 * 1024;

/** What an attack cost the API process. */
export interface Cost {
  /** Above what it was before, at its highest, in MiB. */
  readonly memory: number;
  /**
   * Of the event loop, in milliseconds: what 99 of 100 turns stayed below in the worst half second of those in which the process had a processor,
   * and the worst turn of all.
   */
  readonly delay: { readonly p99: number; readonly worst: number };
  /** Above what it was before: at the highest, and after the attack. */
  readonly descriptors: { readonly most: number; readonly left: number };
}

/** An API process under attack, and how it takes it. */
export class Target {
  private readonly sockets = new Set<Socket>();
  private readonly baseline: { memory: number; descriptors: number };
  private readonly memories: number[] = [];
  private mostDescriptors = 0;
  private readonly p99s: number[] = [];
  private readonly worsts: number[] = [];

  private constructor(private readonly api: ApiProcess) {
    this.baseline = { memory: this.memory, descriptors: this.descriptors };
  }

  /** The cluster's API, started anew, so that nothing is left of an attack before. */
  static async prepare({ apis: [api] }: Cluster, warmUp: () => Promise<unknown>): Promise<Target> {
    if (!api) throw new Error('a cluster without an API');
    await api.process.kill();
    await api.process.start();
    await untilReady(api);
    for (let i = 0; i < 20; i += 1) await warmUp();
    await delaysOf(api);
    return new Target(api);
  }

  /** Resident, in MiB. */
  private get memory(): number {
    const [, pages = ''] = readFileSync(`/proc/${this.api.process.pid}/statm`, 'utf8').split(' ');
    return (Number(pages) * 4_096) / MIB;
  }

  private get descriptors(): number {
    return readdirSync(`/proc/${this.api.process.pid}/fd`).length;
  }

  /** Watches the process for as long as the attack takes, and ends what the attack has opened. @param tell is told also of an attack that fails */
  async watch(attack: () => Promise<void>, tell: (cost: Cost) => void): Promise<void> {
    const end = new AbortController();
    const watching = Promise.all([this.sampleUntil(end.signal), this.askUntil(end.signal)]);
    try {
      await attack();
    } finally {
      const left = this.descriptors - this.baseline.descriptors;
      end.abort();
      await watching;
      for (const socket of this.sockets) socket.destroy();
      tell({
        memory: Math.round(Math.max(...this.memories) - this.baseline.memory),
        delay: { p99: Math.round(Math.max(0, ...this.p99s)), worst: Math.round(Math.max(...this.worsts)) },
        descriptors: { most: this.mostDescriptors - this.baseline.descriptors, left },
      });
    }
  }

  /** A connection that the test alone ends, if the API does not; what the API says on it is not read unless the test does. */
  async open(): Promise<Socket> {
    const { hostname, port } = new URL(this.api.client.origin);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    socket.setMaxListeners(0).on('error', () => undefined);
    this.sockets.add(socket);
    await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
    return socket;
  }

  /** Waits until its memory has not risen above its highest for two seconds. */
  async untilQuiet(): Promise<void> {
    const isQuiet = () => {
      const recent = this.memories.slice(-Math.ceil(2_000 / SAMPLE_MS));
      return this.memories.length > recent.length && Math.max(...recent) <= Math.max(...this.memories.slice(0, -recent.length));
    };
    await until('the memory does not rise any more', isQuiet, 60_000, SAMPLE_MS);
  }

  /** Waits until at most a handful of descriptors is left of the attack: PostgreSQL and Redis may have been given some more. */
  async untilReleased(withinMs: number): Promise<void> {
    await until(`descriptors are free again`, () => this.descriptors <= this.baseline.descriptors + 25, withinMs, SAMPLE_MS);
  }

  private async sampleUntil(signal: AbortSignal): Promise<void> {
    do {
      this.memories.push(this.memory);
      this.mostDescriptors = Math.max(this.mostDescriptors, this.descriptors);
      await sleep(SAMPLE_MS);
    } while (!signal.aborted);
  }

  /** For how long the machine has let it wait for a processor, in milliseconds. */
  private get starved(): number {
    return Number(readFileSync(`/proc/${this.api.process.pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
  }

  private async askUntil(signal: AbortSignal): Promise<void> {
    do {
      const before = this.starved;
      await sleep(500);
      const { p99, worst } = await delaysOf(this.api);
      this.worsts.push(worst);
      // Of a process that others kept from running it says nothing.
      if (this.starved - before < STARVED_MS) this.p99s.push(p99);
    } while (!signal.aborted);
  }
}

/** Of the event loop since it was asked last, in milliseconds. */
async function delaysOf({ metricsOrigin }: ApiProcess): Promise<{ p99: number; worst: number }> {
  const text = await (await fetch(`${metricsOrigin}/metrics`)).text();
  const read = (name: string) => Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds (\\S+)$`, 'm').exec(text)?.[1]) * 1_000;
  return { p99: read('p99'), worst: read('max') };
}

/** The head of a request. */
export const head = (method: string, path: string, headers: Readonly<Record<string, string | number>> = {}): string =>
  [`${method} ${path} HTTP/1.1`, 'Host: attack', ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), '', ''].join(
    '\r\n',
  );

/** Writes as fast as the connection takes it; resolves when all is out or the connection has ended. */
export async function pour(socket: Socket, bytes: number): Promise<void> {
  const piece = Buffer.alloc(64 * 1024, '[');
  for (let sent = 0; sent < bytes && socket.writable; sent += piece.length) {
    if (socket.write(piece.subarray(0, Math.min(piece.length, bytes - sent)))) continue;
    await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve).once('error', resolve));
  }
}

/** Reads the status of an answer, and nothing more; 0 when the connection ends without one. */
export function statusOf(socket: Socket): Promise<number> {
  return new Promise((resolve) => {
    const settle = (status: number) => {
      socket.pause();
      resolve(status);
    };
    socket
      .once('data', (chunk: Buffer) => {
        settle(Number(chunk.toString('latin1').split(' ')[1]));
      })
      .once('close', () => {
        settle(0);
      })
      .once('end', () => {
        settle(0);
      });
  });
}
