import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { answerTo, digestOf, saidIn } from './answers.js';
import { control, type ControlState, untilReleased } from './control.js';
import { Journal, type JournalEntry } from './journal.js';
import { modelResource, modelResources, modelVersionOf } from './models.js';
import { perform, sendError, sendJson } from './playback.js';
import { countTokens, type Prompt, readPrompt } from './prompt.js';
import { type Purpose, purposeOf } from './purpose.js';
import { parseScenario, planOf, type Scenario, scenariosIn, titleScenariosIn } from './scenarios.js';
import { UploadedFiles } from './uploaded-files.js';
import { errorOfStatus, invalidApiKey, modelNotFound, WireError } from './wire-errors.js';

export interface GeminiSimulatorOptions {
  /** 0 takes a free one. */
  port: number;
  host?: string;
  /** Before the first byte of an answer, in milliseconds. */
  latencyMs?: number;
  /** Between two chunks of a stream, in milliseconds; 0 sends them as fast as the caller reads. */
  chunkMs?: number;
  /** The length of every answer that names no other; null for as long as its sentences are. */
  tokens?: number | null;
}

export interface GeminiSimulator {
  url: string;
  port: number;
  /** Cuts what is open and returns when the port is free. */
  stop(): Promise<void>;
}

/** Gemini refuses larger requests too. */
const MAX_BODY_BYTES = 20 * 1024 * 1024;

/**
 * Starts a server that speaks the Gemini API's wire (v1beta: generateContent, streamGenerateContent?alt=sse,
 * countTokens, models, files) and asks no model. What an answer does is chosen by words in the prompt (scenarios.ts) or
 * under `/_simulator/` (control.ts).
 * @throws the listen error, EADDRINUSE for example
 */
export async function startGeminiSimulator(options: GeminiSimulatorOptions): Promise<GeminiSimulator> {
  const host = options.host ?? '127.0.0.1';
  const settings = {
    latencyMs: options.latencyMs ?? 200,
    chunkMs: options.chunkMs ?? 20,
    tokens: options.tokens ?? null,
    fileProcessingMs: 0,
  };
  const state: ControlState = {
    journal: new Journal(),
    settings,
    initialSettings: { ...settings },
    next: [],
    isHolding: false,
    held: new Set(),
    releases: 0,
    files: new UploadedFiles(),
  };
  const server = createServer((request, response) => {
    handle(state, request, response).catch((error: unknown) => {
      if (response.headersSent || response.destroyed) response.destroy();
      else sendError(response, error instanceof WireError ? error : errorOfStatus(500));
    });
  });
  // A thousand callers that connect at once wait in the backlog instead of being refused.
  server.listen({ port: options.port, host, backlog: 4096 });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, port, stop: () => stop(server) };
}

async function stop(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

async function handle(state: ControlState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://simulator');
  const body = () => readBody(request);
  if (url.pathname === '/' || url.pathname.startsWith('/_simulator/')) {
    await control(state, request.method ?? 'GET', url, response, body);
    return;
  }
  const entry = state.journal.begin(request.method ?? 'GET', url.pathname);
  response.once('close', () => {
    state.journal.end(entry, response.writableFinished ? 'answered' : 'aborted', response.headersSent ? response.statusCode : null);
  });
  authenticate(request, url);
  if (await state.files.answer(request, url, response, state.settings.fileProcessingMs)) return;
  if (request.method === 'POST') await post(state, entry, url, response, body);
  else get(url, response);
}

function authenticate(request: IncomingMessage, url: URL): void {
  const key = request.headers['x-goog-api-key'] ?? url.searchParams.get('key');
  if (!key || key === 'invalid') throw invalidApiKey();
}

function get(url: URL, response: ServerResponse): void {
  const name = /^\/v1beta\/models(?:\/([^/:]+))?$/u.exec(url.pathname);
  if (!name) throw errorOfStatus(404);
  if (name[1] === undefined) {
    sendJson(response, 200, { models: modelResources() });
    return;
  }
  const model = modelResource(name[1]);
  if (!model) throw modelNotFound(name[1]);
  sendJson(response, 200, model);
}

async function post(
  state: ControlState,
  entry: JournalEntry,
  url: URL,
  response: ServerResponse,
  readText: () => Promise<string>,
): Promise<void> {
  const [, name = '', method = ''] =
    /^\/v1beta\/models\/([^/:]+):(generateContent|streamGenerateContent|countTokens)$/u.exec(url.pathname) ?? [];
  if (method === '') throw errorOfStatus(404);
  const model = modelVersionOf(name);
  if (model === null) throw modelNotFound(name);
  const body = await readText();
  state.journal.keepBody(entry, body);
  const readAt = (uri: string) => state.files.readAt(uri);
  if (method === 'countTokens') {
    sendJson(response, 200, { totalTokens: countTokens(model, body, readAt) });
    return;
  }
  const streamed = method === 'streamGenerateContent';
  if (streamed && url.searchParams.get('alt') !== 'sse')
    throw new WireError(400, 'INVALID_ARGUMENT', 'The simulator streams with alt=sse only.');

  const prompt = readPrompt(model, body, readAt);
  entry.attempt = state.journal.attemptOf(prompt.fingerprint);
  const purpose = purposeOf(prompt);
  entry.purpose = purpose;
  const scenarios = scenariosOf(state, prompt, purpose);
  const plan = planOf(scenarios, entry.attempt);
  if (plan.fault?.word === 'file-expired') state.files.expire(uploadsOf(prompt));
  const badTitle = purpose === 'title' ? plan.title : null;
  if (badTitle === 'empty') plan.fault ??= parseScenario('empty');
  if (badTitle === 'blocked') plan.fault ??= parseScenario('blocked-prompt');
  entry.scenario = plan.fault?.word ?? null;
  const { releases } = state;
  if (state.isHolding) await untilReleased(state, response);
  await perform({
    response,
    model,
    prompt,
    answer:
      purpose === 'reply'
        ? answerTo(model, prompt, {
            tokens: plan.tokens ?? state.settings.tokens,
            thinking: plan.thinking || plan.thinkingBetween || prompt.thinking.isShown,
            thoughtTokens: plan.thoughtTokens,
          })
        : digestOf(purpose, prompt, badTitle),
    plan,
    latencyMs: state.settings.latencyMs,
    chunkMs: state.settings.chunkMs,
    streamed,
    // A release while the first chunks are being written counts, too.
    pass: async () => {
      if (state.releases === releases) await untilReleased(state, response);
    },
    onBreak: () => {
      state.journal.end(entry, 'broken', response.headersSent ? 200 : null);
    },
  });
}

/** The scenarios of a call: the one that is ordered for it, then those of its words. */
function scenariosOf(state: ControlState, prompt: Prompt, purpose: Purpose): Scenario[] {
  // A transcript quotes the words of its conversation, which are not meant for whoever names or summarises it, but for
  // those that say so.
  const newest = prompt.turns.findLast((turn) => turn.role === 'user')?.text ?? '';
  const words = purpose === 'reply' ? scenariosIn(newest) : purpose === 'title' ? titleScenariosIn(saidIn(newest)) : [];
  const poisons = prompt.turns.flatMap(({ text }) => scenariosIn(text)).filter(({ word }) => word === 'poison');
  const files = prompt.turns.flatMap((turn) => turn.files);
  const refused = files.flatMap(({ beginning }) => scenariosIn(beginning)).filter(({ word }) => word === 'file-refused');
  const ordered = state.next.find((order) => order.purpose === purpose);
  if (ordered) state.next.splice(state.next.indexOf(ordered), 1);
  // What a request does not ask for, or does not hold, cannot be refused.
  const isPointless = ({ word }: Scenario) =>
    word === 'file-failed' ||
    (word === 'file-refused' && files.length === 0) ||
    ((word === 'file-processing' || word === 'file-expired') && uploadsOf(prompt).length === 0) ||
    (word === 'search-refused' && !prompt.webSearch) ||
    (word === 'reasoning-refused' && prompt.thinking.level === null);
  return [...(ordered ? [ordered] : []), ...words, ...poisons, ...refused].filter((scenario) => !isPointless(scenario));
}

const uploadsOf = ({ turns }: Prompt): string[] => turns.flatMap(({ files }) => files).flatMap(({ uri }) => uri ?? []);

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // The rest is read too, because the connection is of no use with a part of it.
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (size > MAX_BODY_BYTES)
    throw new WireError(400, 'INVALID_ARGUMENT', `Request payload size exceeds the limit: ${MAX_BODY_BYTES} bytes. (simulated)`);
  return Buffer.concat(chunks).toString('utf8');
}
