import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ApiProcess, untilReady } from './cluster.js';
import { freePort } from './free-port.js';
import { until } from './until.js';

const MIB = 1024 * 1024;
/** Enough for the API to open every connection to PostgreSQL that it may have: none of those is the attack's. */
const WARM_UP_AT_ONCE = 60;
/** Looks, 100 ms apart, at which nothing may have changed. */
const STEADY_LOOKS = 5;
/** Longer than any deadline that the API has for a client. */
const RELEASED_WITHIN_MS = 90_000;

/** What an attack cost the API process. */
export interface Cost {
  /** Resident, at its peak, above what it was before, in MiB. */
  readonly memory: number;
  /**
   * Of the event loop, in milliseconds, without what the process waited for a processor: what 99 of 100 turns stayed
   * below, and the worst turn.
   */
  readonly delay: { readonly p99: number; readonly worst: number };
  /** Above what it had before, once it has ended what it ends by itself. */
  readonly descriptorsLeft: number;
}

/** How the event loop of an API process is measured. */
export class EventLoopProbe {
  private constructor(private readonly port: number) {}

  static async create(): Promise<EventLoopProbe> {
    return new EventLoopProbe(await freePort());
  }

  /** What the process has to be started with. */
  get environment(): Record<string, string> {
    const file = pathToFileURL(join(__dirname, 'event-loop-probe.mjs'));
    return { NODE_OPTIONS: `--import=${file.href}`, EVENT_LOOP_PROBE_PORT: String(this.port) };
  }

  /** The delay of each turn since the last call, in milliseconds, the shortest first. */
  async delays(): Promise<number[]> {
    const delays = (await (await fetch(`http://127.0.0.1:${this.port}`)).json()) as number[];
    return delays.sort((a, b) => a - b);
  }
}

/** An API process under attack, and how it takes it. */
export class Target {
  private readonly sockets = new Set<Socket>();
  private readonly ports = new Set<number>();

  private constructor(
    private readonly api: ApiProcess,
    private readonly probe: EventLoopProbe,
    private readonly token: string,
  ) {}

  /** The API started anew, so that nothing is left of an attack before. */
  static async prepare(api: ApiProcess, probe: EventLoopProbe, token: string): Promise<Target> {
    await api.process.kill();
    await api.process.start();
    await untilReady(api);
    const target = new Target(api, probe, token);
    await target.warmUp();
    return target;
  }

  /**
   * Watches the process during the attack and until it has released the connections that the attack left, and ends
   * those at last.
   *
   * @param tell is told also of an attack that fails
   */
  async watch(attack: () => Promise<void>, tell: (cost: Cost) => void): Promise<void> {
    const before = { memory: this.memory('VmRSS'), descriptors: this.descriptors };
    // Begins a new peak.
    writeFileSync(`/proc/${this.api.process.pid}/clear_refs`, '5');
    await this.probe.delays();
    const costSoFar = async (): Promise<Cost> => {
      const memory = Math.round(this.memory('VmHWM') - before.memory);
      const delays = await this.probe.delays();
      // NaN without any turn, which is within no bound.
      const delay = { p99: Math.round(delays[Math.floor(delays.length * 0.99)] ?? NaN), worst: Math.round(delays.at(-1) ?? NaN) };
      return { memory, delay, descriptorsLeft: this.descriptors - before.descriptors };
    };
    let cost: Cost | null = null;
    try {
      await attack();
      await until('the connections are released', () => this.connections === 0, RELEASED_WITHIN_MS, 100);
      cost = await costSoFar();
      // It has its connections to PostgreSQL again, as before.
      await this.warmUp();
      cost = { ...cost, descriptorsLeft: this.descriptors - before.descriptors };
    } finally {
      tell(cost ?? (await costSoFar()));
      for (const socket of this.sockets) socket.destroy();
    }
  }

  /**
   * A connection that the test alone ends, if the API does not; what the API says on it is not read unless the test
   * does.
   */
  async open(): Promise<Socket> {
    const { hostname, port } = new URL(this.api.client.origin);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    socket.setMaxListeners(0).on('error', () => undefined);
    this.sockets.add(socket);
    await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
    if (socket.localPort !== undefined) this.ports.add(socket.localPort);
    return socket;
  }

  /** One request on a connection of its own; its answer is read to the end. */
  send(method: string, path: string, token: string, body: string | Buffer = ''): Promise<{ status: number; bytes: number }> {
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const call = request(`${this.api.client.origin}${path}`, { agent: false, method, headers }, (response) => {
        let bytes = 0;
        response.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('error', reject);
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, bytes });
        });
      });
      call.on('error', reject).end(body);
    });
  }

  /** Has all connections to PostgreSQL opened, and those of its own requests closed. */
  private async warmUp(): Promise<void> {
    const serves = async () => {
      // Each of these requests takes a connection, which requests for the caller alone share.
      const answers = await Promise.all(Array.from({ length: WARM_UP_AT_ONCE }, () => this.send('GET', '/user/me/usage', this.token)));
      return answers.every(({ status }) => status === 200);
    };
    await until('the API serves', serves);
    let [steady, last] = [0, this.descriptors];
    const isSteady = () => {
      steady = this.descriptors === last ? steady + 1 : 0;
      last = this.descriptors;
      return steady === STEADY_LOOKS;
    };
    await until('its descriptors are steady', isSteady, RELEASED_WITHIN_MS, 100);
  }

  /** As the kernel counts it, in MiB. */
  private memory(what: 'VmRSS' | 'VmHWM'): number {
    const status = readFileSync(`/proc/${this.api.process.pid}/status`, 'utf8');
    return (Number(new RegExp(`^${what}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024) / MIB;
  }

  /** Of those that `open` has made, the ones that the API holds. */
  private get connections(): number {
    const port = (address = '') => parseInt(address.split(':')[1] ?? '', 16);
    const own = Number(new URL(this.api.client.origin).port);
    return readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, remote, ...rest]) => port(local) === own && this.ports.has(port(remote)) && rest[6] !== '0').length;
  }

  private get descriptors(): number {
    return readdirSync(`/proc/${this.api.process.pid}/fd`).length;
  }
}

/** The head of a request. */
export const head = (method: string, path: string, headers: Readonly<Record<string, string | number>> = {}): string =>
  [`${method} ${path} HTTP/1.1`, 'Host: attack', ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), '', ''].join(
    '\r\n',
  );

/** Writes as fast as the connection takes it; resolves when all is out or the connection has ended. */
export async function pour(socket: Socket, bytes: Buffer): Promise<void> {
  const step = 64 * 1024;
  for (let from = 0; from < bytes.length && socket.writable; from += step) {
    if (socket.write(bytes.subarray(from, from + step))) continue;
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
