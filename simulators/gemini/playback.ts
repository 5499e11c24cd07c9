import { type ServerResponse } from 'node:http';
import { type Answer } from './answers.js';
import { groundingOf } from './grounding.js';
import { type Prompt, signatureOf, tokensIn } from './prompt.js';
import { milliseconds, type Plan, type Scenario, type ScenarioWord } from './scenarios.js';
import { errorOfStatus, fileMissing, fileNotActive, invalidApiKey, quotaExceeded, unreadableFile, type WireError } from './wire-errors.js';

export interface Performance {
  response: ServerResponse;
  model: string;
  prompt: Prompt;
  answer: Answer;
  plan: Plan;
  latencyMs: number;
  chunkMs: number;
  streamed: boolean;
  /** Resolves when an answer that is held may go on. */
  pass: () => Promise<void>;
  /** Called when the simulator is about to break the answer off itself. */
  onBreak: () => void;
}

/** How many chunks of the answer come before a scenario acts in mid-stream. */
const CHUNKS_BEFORE = 3;

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' }).end(JSON.stringify(body));
}

export function sendError(response: ServerResponse, error: WireError): void {
  sendJson(response, error.code, error.body());
}

/**
 * Gives the planned answer. Returns when all of it is written, or the caller is gone, or (hang, stall) nothing more
 * will come.
 */
export async function perform(performance: Performance): Promise<void> {
  const { response, plan } = performance;
  if (plan.fault?.word === 'hang') return;
  await pausing(response)(plan.delayMs ?? performance.latencyMs);
  if (response.destroyed || refuse(performance, plan.fault)) return;
  if (performance.streamed) await stream(performance);
  else unary(performance);
}

/** The scenarios that are an error and nothing else. */
const ERRORS: Partial<Record<ScenarioWord, (scenario: Scenario, model: string) => WireError>> = {
  'rate-limit': (scenario, model) => quotaExceeded('PerMinute', model, milliseconds(scenario.argument, 1000) / 1000),
  'quota-exhausted': (_scenario, model) => quotaExceeded('PerDay', model, 23),
  'bad-key': invalidApiKey,
  'error-400': () => errorOfStatus(400),
  'file-refused': () => unreadableFile('Unable to process input image.'),
  'file-processing': () => fileNotActive('of this request'),
  'file-expired': () => fileMissing('of this request'),
  'search-refused': () => errorOfStatus(400),
  'reasoning-refused': () => errorOfStatus(400),
  'error-403': () => errorOfStatus(403),
  'error-404': () => errorOfStatus(404),
  'error-499': () => errorOfStatus(499),
  'error-500': () => errorOfStatus(500),
  'error-503': () => errorOfStatus(503),
  'error-504': () => errorOfStatus(504),
  poison: (scenario) => errorOfStatus(Number(scenario.argument ?? 400)),
};

const BLANKS = ' \n\u200b\t\u00a0\u2060 ';

/** Ends the call where the scenario is one in which no answer begins. */
function refuse({ response, model, onBreak }: Performance, fault: Scenario | null): boolean {
  if (!fault) return false;
  const error = ERRORS[fault.word];
  if (error) sendError(response, error(fault, model));
  else if (fault.word === 'error-408') response.writeHead(408).end();
  else if (fault.word === 'retry-after') {
    response.setHeader('retry-after', fault.argument ?? '1');
    sendError(response, errorOfStatus(503));
  } else if (fault.word === 'error-502') {
    response.writeHead(502, { 'content-type': 'text/html; charset=UTF-8' }).end('<html><title>502 Bad Gateway</title></html>');
  } else if (fault.word === 'reset') {
    onBreak();
    response.socket?.resetAndDestroy();
  } else return false;
  return true;
}

/** The members that all chunks of one answer share. */
function chunkMaker({ model, prompt, answer }: Performance) {
  const thoughtsTokens = tokensIn(answer.thoughts.join('').length);
  return (candidate: Record<string, unknown> | null, writtenCharacters: number, more: Record<string, unknown> = {}) => {
    const outputTokens = tokensIn(writtenCharacters);
    return {
      ...(candidate ? { candidates: [{ ...candidate, index: 0 }] } : {}),
      ...more,
      usageMetadata: {
        promptTokenCount: prompt.inputTokens,
        ...(candidate ? { candidatesTokenCount: outputTokens } : {}),
        totalTokenCount: prompt.inputTokens + (candidate ? outputTokens + thoughtsTokens : 0),
        ...(candidate && thoughtsTokens > 0 ? { thoughtsTokenCount: thoughtsTokens } : {}),
      },
      modelVersion: model,
      responseId: prompt.fingerprint,
    };
  };
}

function content(text: string, thought = false): Record<string, unknown> {
  return { content: { parts: [thought ? { text, thought } : { text }], role: 'model' } };
}

const UNSAFE = {
  finishReason: 'SAFETY',
  safetyRatings: [{ category: 'HARM_CATEGORY_DANGEROUS_CONTENT', probability: 'HIGH', blocked: true }],
};

/** The last event of an answer that a scenario does not break: a candidate without content. */
function ending({ answer, plan: { fault } }: Performance): Record<string, unknown> {
  if (fault?.word === 'safety') return UNSAFE;
  if (fault?.word === 'max-tokens') return { finishReason: 'MAX_TOKENS' };
  if (fault?.word === 'empty') return { finishReason: fault.argument ?? 'STOP' };
  if (fault?.word === 'blank') return { finishReason: 'STOP' };
  if (fault?.word === 'finish') return { finishReason: fault.argument ?? 'OTHER' };
  return { finishReason: answer.finishReason };
}

/** What the last event of an answer says of its search and of its thoughts. */
function extras({ prompt, answer, plan }: Performance, text: string): Record<string, unknown> {
  const pages = plan.pages ?? (prompt.webSearch ? 3 : 0);
  const question = prompt.turns.findLast(({ role }) => role === 'user')?.text ?? '';
  return {
    ...(answer.thoughts.length === 0 || text === ''
      ? {}
      : { content: { parts: [{ text: '', thoughtSignature: signatureOf(prompt.fingerprint) }], role: 'model' } }),
    ...(pages === 0 || text === '' ? {} : { groundingMetadata: groundingOf(text, question, pages) }),
  };
}

async function stream(performance: Performance): Promise<void> {
  const { response, answer, plan, onBreak } = performance;
  const chunk = chunkMaker(performance);
  const pause = pausing(response);
  const chunkMs = plan.chunkMs ?? performance.chunkMs;
  const fault = plan.fault;
  const write = async (text: string) => {
    if (!response.write(text)) await drained(response);
  };
  const event = (body: unknown) => write(`data: ${JSON.stringify(body)}\r\n\r\n`);

  response.writeHead(200, { 'content-type': 'text/event-stream' });
  if (fault?.word === 'blocked-prompt') {
    await event(chunk(null, 0, { promptFeedback: { blockReason: fault.argument ?? 'SAFETY' } }));
    response.end();
    return;
  }

  let whole = '';
  let written = 0;
  const most = chunksOf(fault);
  for (const text of answer.thoughts) {
    await event(chunk(content(text, true), 0));
    await pause(chunkMs);
  }
  if (most > 0) {
    for (const text of fault?.word === 'blank' ? [BLANKS] : answer.chunks) {
      if (response.destroyed) return;
      whole += text;
      await event(chunk(content(text), whole.length));
      if (chunkMs > 0) await pause(chunkMs);
      written += 1;
      if (written === 2 && plan.thinkingBetween) {
        for (const thought of answer.thoughts) {
          await event(chunk(content(thought, true), whole.length));
          await pause(chunkMs);
        }
      }
      if (written >= most) break;
      if (written === CHUNKS_BEFORE && plan.isHeld) await performance.pass();
    }
  }
  if (response.destroyed) return;

  if (fault?.word === 'stall') return;
  if (fault?.word === 'cut') {
    onBreak();
    // Destroyed once all before is sent: the chunked body has no end, which is a connection cut in mid-answer.
    response.write('\r\n', () => response.destroy());
    return;
  }
  if (fault?.word === 'half-event') await write('data: {"candidates": [{"content": {"parts": [{"te');
  else if (fault?.word === 'malformed') await write('data: {"candidates": [{"content": oops}]}\r\n\r\n');
  else if (fault?.word === 'error-in-stream') await event(errorOfStatus(Number(fault.argument ?? 503)).body());
  else if (fault?.word !== 'truncated') await event(chunk({ ...ending(performance), ...extras(performance, whole) }, whole.length));
  response.end();
}

/** How many chunks of text are written at most under a scenario. */
function chunksOf(fault: Scenario | null): number {
  if (!fault || fault.word === 'finish') return Infinity;
  return fault.word === 'empty' ? 0 : CHUNKS_BEFORE;
}

function unary(performance: Performance): void {
  const { response, answer, plan, onBreak } = performance;
  const chunk = chunkMaker(performance);
  const fault = plan.fault;
  if (fault?.word === 'blocked-prompt') {
    sendJson(response, 200, chunk(null, 0, { promptFeedback: { blockReason: fault.argument ?? 'SAFETY' } }));
    return;
  }
  if (fault?.word === 'stall') return;
  if (fault?.word === 'error-in-stream') {
    sendError(response, errorOfStatus(Number(fault.argument ?? 503)));
    return;
  }
  let text = '';
  let pieces = chunksOf(fault);
  for (const piece of fault?.word === 'blank' ? [BLANKS] : answer.chunks) {
    if (pieces === 0) break;
    pieces -= 1;
    text += piece;
  }
  const parts = [...answer.thoughts.map((thought) => ({ text: thought, thought: true })), ...(text === '' ? [] : [{ text }])];
  const candidate = {
    ...(fault?.word === 'truncated' ? {} : { ...ending(performance), ...extras(performance, text) }),
    ...(parts.length > 0 ? { content: { parts, role: 'model' } } : {}),
  };
  const body = JSON.stringify(chunk(candidate, text.length));
  const half = body.slice(0, body.length / 2);
  if (fault?.word === 'cut') {
    onBreak();
    response.writeHead(200, { 'content-type': 'application/json; charset=UTF-8', 'content-length': Buffer.byteLength(body) });
    response.write(half, () => response.destroy());
    return;
  }
  const broken = fault?.word === 'malformed' || fault?.word === 'half-event';
  response.writeHead(200, { 'content-type': 'application/json; charset=UTF-8' }).end(broken ? half : body);
}

/** A pause that ends early when the caller goes away. One at a time for a response. */
function pausing(response: ServerResponse): (ms: number) => Promise<void> {
  let wake: () => void = () => undefined;
  response.once('close', () => {
    wake();
  });
  return (ms) => {
    if (ms <= 0 || response.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(ms, 2 ** 31 - 1));
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  };
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
