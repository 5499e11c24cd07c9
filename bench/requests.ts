import { type LoadRequest, type Loaded, load } from './load.js';
import { cpuOf, cpuOfFamily } from './processes.js';
import { type Comparison, type Cost, type Measured, median } from './results.js';
import { type BenchUser, fillRoom, type Served, startSystem, type System } from './system.js';

/** The number of users whose requests are sent in turns. */
const USERS = 64;
/** A round for the compilers, which is not counted. */
const WARM_SECONDS = 2;
const BODY = JSON.stringify({ content: 'What should I see in Kyoto?' });

interface Path {
  /** Its name for `--only`. */
  readonly key: string;
  readonly path: string;
  readonly request: (user: BenchUser) => Omit<LoadRequest, 'token'>;
  /** Each does the same work without our code. */
  readonly bare: readonly {
    /** The server that it is measured at; default: the bare one. */
    readonly server?: 'bare' | 'quiet';
    readonly baseline: string;
    readonly request: (user: BenchUser) => Omit<LoadRequest, 'token'>;
    /** The least ratio of the rates, and what it would take to reach it. */
    readonly target: number;
    readonly remedy: string;
  }[];
  /** Connections at which the target holds; the others belong to the curve. */
  readonly targetAt: readonly number[];
  readonly connections: readonly number[];
  /** The p50 of one client in release 0.1.0 in milliseconds, which is to stay; null where it was not measured. */
  readonly p50Before: number | null;
}

const get = (path: string) => ({ method: 'GET', path }) as const;
const post = (path: string) => ({ method: 'POST', path, body: BODY }) as const;

const LAYERS = 'What remains is spent in the layers around a handler';
/** The same request to an API that logs warnings and errors alone. */
const quiet = (request: Path['request']): Path['bare'][number] => ({
  server: 'quiet',
  baseline: 'our API without the lines of requests',
  request,
  target: 0.95,
  remedy: 'A line takes the time of its JSON, and of its ids from AsyncLocalStorage.',
});

const ONE_CLIENT =
  'One client waits for round trips, and the machine differs by half between two runs: the bare p50 beside it tells which it is.';

const PATHS: readonly Path[] = [
  {
    key: 'live',
    path: 'GET /health/live',
    request: () => get('/health/live'),
    bare: [
      {
        baseline: 'token check alone',
        request: () => get('/live'),
        target: 0.75,
        remedy: `${LAYERS}; a route of Fastify itself would have none of them, and none of the guards.`,
      },
    ],
    targetAt: [16],
    connections: [1, 16],
    p50Before: null,
  },
  {
    key: 'me',
    path: 'GET /user/me',
    request: () => get('/user/me'),
    bare: [
      {
        baseline: 'token check + one row',
        request: () => get('/me'),
        target: 0.75,
        remedy: `${LAYERS}, in throttling and in the check of the session, for which the bare server has nothing.`,
      },
      quiet(() => get('/user/me')),
    ],
    targetAt: [16],
    connections: [1, 4, 16, 64],
    p50Before: 0.82,
  },
  {
    key: 'list',
    path: 'GET /chatroom, cached',
    request: () => get('/chatroom'),
    bare: [
      {
        baseline: 'token check + one Redis GET',
        request: () => get('/list'),
        target: 0.8,
        remedy: 'A session that ended has to be refused at once, which takes a statement of PostgreSQL where the bare server reads Redis.',
      },
    ],
    targetAt: [16],
    connections: [1, 16],
    p50Before: 0.54,
  },
  {
    key: 'room',
    path: 'GET /chatroom/{id}',
    request: ({ room }) => get(`/chatroom/${room}`),
    bare: [
      {
        baseline: "token check + the page's statement",
        request: ({ room }) => get(`/room/${room}`),
        target: 0.8,
        remedy: 'The room, the session and the throttle are read beside the page, and the answer names every field of a message.',
      },
    ],
    targetAt: [16],
    connections: [1, 16],
    p50Before: 1.21,
  },
  {
    key: 'accept',
    path: 'POST /chatroom/{id}/message',
    request: ({ room }) => post(`/chatroom/${room}/message`),
    bare: [
      {
        baseline: 'token check + our accept statement',
        request: ({ room }) => post(`/accept/${room}`),
        target: 2,
        remedy: "Larger batches, as under more connections, and a cheaper request around them: the API's CPU is the limit.",
      },
      {
        baseline: 'token check + two bare rows',
        request: () => post('/rows'),
        target: 0.5,
        remedy: "A cheaper request around the batch: most of the CPU is the API's, for what the bare server leaves out.",
      },
      quiet(({ room }) => post(`/chatroom/${room}/message`)),
    ],
    targetAt: [16, 64],
    connections: [1, 4, 16, 64],
    p50Before: 1.75,
  },
];

export const REQUEST_KEYS = PATHS.map(({ key }) => key);

interface Options {
  readonly only: ReadonlySet<string>;
  readonly rounds: number;
  readonly seconds: number;
  readonly report: (line: string) => void;
  /** Runs the measurement of one path, which may fail without the others. */
  readonly part: (key: string, measure: () => Promise<void>) => Promise<void>;
}

interface MeasuredRequests {
  readonly comparisons: readonly Comparison[];
  readonly measured: readonly Measured[];
  readonly versions: System['versions'];
}

/** Loads the API and the bare server in turns, on one PostgreSQL and one Redis. */
export async function measureRequests(options: Options): Promise<MeasuredRequests> {
  const system = await startSystem();
  try {
    const servers = { api: await system.startApi(), quiet: await system.startApi({ LOG_LEVEL: 'warn' }), bare: await system.startBare() };
    const users = await system.createUsers(USERS);
    for (const user of users) {
      await fillRoom(system.pool, user, 40);
      const list = await fetch(`${servers.api.origin}/chatroom`, { headers: { authorization: `Bearer ${user.token}` } });
      await system.redis.set(`bare:${user.id}`, await list.text());
    }
    await system.pool.query('VACUUM ANALYZE');
    const comparisons: Comparison[] = [];
    const measured: Measured[] = [];
    for (const path of PATHS.filter(({ key }) => options.only.has(key))) {
      await options.part(path.key, async () => {
        const found = await measurePath(path, { system, servers, users, ...options });
        comparisons.push(...found);
        measured.push(...waitOfOneClient(path, found));
      });
    }
    return { comparisons, measured, versions: system.versions };
  } finally {
    await system.close();
  }
}

interface Bench extends Options {
  readonly system: System;
  readonly servers: Readonly<Record<'api' | 'quiet' | 'bare', Served>>;
  readonly users: readonly BenchUser[];
}

async function measurePath({ path, request, bare, connections, targetAt }: Path, bench: Bench): Promise<Comparison[]> {
  const { rounds, seconds, report, servers } = bench;
  const sides = [
    { server: servers.api, request },
    ...bare.map(({ server = 'bare', request: sent }) => ({ server: servers[server], request: sent })),
  ];
  for (const side of sides) await cost(side, { ...bench, connections: 16, seconds: WARM_SECONDS });
  const comparisons: Comparison[] = [];
  for (const count of connections) {
    const costs: Cost[][] = [];
    for (let round = 0; round < rounds; round += 1) {
      const ofRound: Cost[] = [];
      for (const side of sides) ofRound.push(await cost(side, { ...bench, connections: count, seconds }));
      costs.push(ofRound);
    }
    const ours = costs.map(([first]) => first).filter((found) => found !== undefined);
    for (const [i, { baseline, target, remedy }] of bare.entries()) {
      const theirs = costs.map((ofRound) => ofRound[i + 1]).filter((found) => found !== undefined);
      const ratio = median(ours.map(({ rate }, round) => rate / (theirs[round]?.rate ?? NaN)));
      const comparison: Comparison = {
        path,
        baseline,
        connections: count,
        ours: medianCost(ours),
        bare: medianCost(theirs),
        ratio,
        target: targetAt.includes(count) ? { is: '≥', limit: target, remedy } : null,
      };
      comparisons.push(comparison);
      report(lineOf(comparison));
    }
  }
  return comparisons;
}

function waitOfOneClient({ path, p50Before }: Path, comparisons: readonly Comparison[]): Measured[] {
  const alone = comparisons.find(({ connections }) => connections === 1);
  if (alone === undefined || p50Before === null) return [];
  const target = { is: '≤', limit: p50Before, remedy: ONE_CLIENT } as const;
  return [{ what: `\`${path}\`, one client, p50, beside release 0.1.0`, value: alone.ours.p50, unit: 'ms', target }];
}

/** One load of one server, and what it cost. */
async function cost(
  { server, request }: { readonly server: Served; readonly request: Path['request'] },
  { system, users, connections, seconds }: Bench & { readonly connections: number },
): Promise<Cost> {
  const read = () => ({
    server: cpuOf(server.process.pid),
    postgres: cpuOfFamily(system.pids.postgres),
    redis: cpuOf(system.pids.redis),
  });
  const before = read();
  const requests = users.map((user) => ({ ...request(user), token: user.token }));
  const loaded: Loaded = await load({ origin: server.origin, requests, connections, seconds });
  const after = read();
  const each = (name: keyof typeof before) => (after[name] - before[name]) / loaded.requests;
  return {
    rate: loaded.rate,
    p50: loaded.p50,
    p99: loaded.p99,
    cpu: { server: each('server'), postgres: each('postgres'), redis: each('redis') },
  };
}

const medianCost = (costs: readonly Cost[]): Cost => {
  const of = (read: (cost: Cost) => number) => median(costs.map(read));
  return {
    rate: of(({ rate }) => rate),
    p50: of(({ p50 }) => p50),
    p99: of(({ p99 }) => p99),
    cpu: { server: of(({ cpu }) => cpu.server), postgres: of(({ cpu }) => cpu.postgres), redis: of(({ cpu }) => cpu.redis) },
  };
};

function lineOf({ path, baseline, connections, ours, bare, ratio }: Comparison): string {
  const side = ({ rate, p50, p99, cpu }: Cost) =>
    `${Math.round(rate)}/s p50 ${p50.toFixed(2)} p99 ${p99.toFixed(2)} ms, CPU ${cpu.server.toFixed(3)} + PostgreSQL ${cpu.postgres.toFixed(3)} ms`;
  return `${path} at ${connections}: ${ratio.toFixed(2)} of ${baseline} (${side(ours)}; bare ${side(bare)})`;
}
