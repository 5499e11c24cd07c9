import { type ServerResponse } from 'node:http';
import { type Journal } from './journal.js';
import { type Purpose, PURPOSES } from './purpose.js';
import { sendError, sendJson } from './playback.js';
import { type UploadedFiles } from './uploaded-files.js';
import { parseScenario, type Scenario, SCENARIOS } from './scenarios.js';
import { errorOfStatus, invalidArgument, WireError } from './wire-errors.js';

interface Settings {
  latencyMs: number;
  chunkMs: number;
  tokens: number | null;
  /** How long a file is PROCESSING after its upload. */
  fileProcessingMs: number;
}

export interface ControlState {
  journal: Journal;
  settings: Settings;
  initialSettings: Settings;
  /** Scenarios for the next calls of a purpose, one each, before the words of their prompts. */
  next: (Scenario & { purpose: Purpose })[];
  /** New calls are held before their answers. */
  isHolding: boolean;
  /** Releases each call that is held, before its answer or in the middle of it. */
  held: Set<() => void>;
  /** How often held calls were released. */
  releases: number;
  files: UploadedFiles;
}

const MAX_NEXT = 10_000;

const ROUTES: Readonly<Record<string, string>> = {
  'GET /_simulator/scenarios': 'the words that choose a scenario',
  'GET /_simulator/requests':
    'how many requests were received, answered, aborted by the caller, broken off by a scenario, are open now; the newest 100 with their bodies',
  'GET /_simulator/settings': 'latencyMs, chunkMs, tokens, fileProcessingMs (how long a file is PROCESSING after its upload)',
  'PATCH /_simulator/settings': 'change some of them; tokens may be null',
  'POST /_simulator/next':
    '{scenario: "rate-limit 2s", times: 3, purpose: "title"}: the next calls for replies (or titles, or summaries) get it, whatever their prompt',
  'POST /_simulator/hold': 'calls are taken and not answered, until',
  'POST /_simulator/release': 'they are; answers that [[hold]] stopped go on, too',
  'POST /_simulator/expire-files': 'every uploaded file is gone, as after 48 hours',
  'POST /_simulator/reset': 'release what is held, forget requests, attempts, files and ordered scenarios; settings as at the start',
};

/** Answers `/` and `/_simulator/…`, which the real API does not have. None of it is journalled. */
export async function control(
  state: ControlState,
  method: string,
  url: URL,
  response: ServerResponse,
  readText: () => Promise<string>,
): Promise<void> {
  const route = `${method} ${url.pathname}`;
  switch (route) {
    case 'GET /':
    case 'GET /_simulator/scenarios':
      sendJson(response, 200, {
        about:
          'A simulator of the Gemini API: no model is asked. Put [[word]], [[word argument]], [[word x2]] (first two attempts only) into a message.',
        scenarios: Object.entries(SCENARIOS).map(([word, scenario]) => ({ word, ...scenario })),
        routes: ROUTES,
      });
      return;
    case 'GET /_simulator/requests':
      sendJson(response, 200, state.journal.snapshot());
      return;
    case 'PATCH /_simulator/settings':
      Object.assign(state.settings, readSettings(await readText()));
      sendJson(response, 200, state.settings);
      return;
    case 'GET /_simulator/settings':
      sendJson(response, 200, state.settings);
      return;
    case 'POST /_simulator/next':
      orderNext(state, await readText());
      sendJson(response, 200, { pending: state.next.length });
      return;
    case 'POST /_simulator/hold':
      state.isHolding = true;
      sendJson(response, 200, { held: state.held.size });
      return;
    case 'POST /_simulator/release':
      sendJson(response, 200, { released: release(state) });
      return;
    case 'POST /_simulator/expire-files':
      sendJson(response, 200, { expired: state.files.expire(null) });
      return;
    case 'POST /_simulator/reset':
      release(state);
      state.journal.reset();
      state.next = [];
      state.files.expire(null);
      Object.assign(state.settings, state.initialSettings);
      sendJson(response, 200, { pending: 0 });
      return;
    default:
      sendError(response, errorOfStatus(404));
  }
}

function release(state: ControlState): number {
  const { held } = state;
  state.isHolding = false;
  state.held = new Set();
  state.releases += 1;
  for (const goOn of held) goOn();
  return held.size;
}

/** Resolves at the next release, or when the caller has gone. */
export async function untilReleased({ held }: ControlState, response: ServerResponse): Promise<void> {
  if (response.destroyed) return;
  await new Promise<void>((resolve) => {
    held.add(resolve);
    response.once('close', () => {
      held.delete(resolve);
      resolve();
    });
  });
}

function orderNext(state: ControlState, body: string): void {
  const { scenario, times = 1, purpose: wanted = 'reply' } = parse(body);
  const purpose = PURPOSES.find((known) => known === wanted);
  if (purpose === undefined) throw invalidArgument('purpose', `must be one of ${PURPOSES.join(', ')}`);
  const parsed = typeof scenario === 'string' ? parseScenario(scenario.replace(/^\[\[|\]\]$/gu, '')) : null;
  if (!parsed) throw invalidArgument('scenario', `must be one of ${Object.keys(SCENARIOS).join(', ')}, with its argument`);
  if (typeof times !== 'number' || !Number.isInteger(times) || times < 1 || state.next.length + times > MAX_NEXT) {
    throw invalidArgument('times', `must be from 1, at most ${MAX_NEXT} in all`);
  }
  for (let call = 0; call < times; call += 1) state.next.push({ ...parsed, attempts: Infinity, purpose });
}

function readSettings(body: string): Partial<Settings> {
  const settings = parse(body);
  for (const [name, value] of Object.entries(settings)) {
    if (!['latencyMs', 'chunkMs', 'tokens', 'fileProcessingMs'].includes(name)) throw invalidArgument(name, 'is no setting');
    if (name === 'tokens' && value === null) continue;
    const smallest = name === 'tokens' ? 1 : 0;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < smallest) {
      throw invalidArgument(name, `must be a whole number from ${smallest}`);
    }
  }
  return settings;
}

function parse(body: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new WireError(400, 'INVALID_ARGUMENT', 'The body is no JSON.');
  }
  if (typeof value !== 'object' || value === null) throw invalidArgument('body', 'must be an object');
  return value as Record<string, unknown>;
}
