/**
 * How a caller chooses what goes wrong. A scenario is a word in double brackets in the newest user turn:
 *
 *     [[word]]   [[word argument]]   [[word x2]]   [[word argument x2]]
 *
 * `title` is for the call that names the conversation, and works from any of the user's turns that this call is given.
 * `xN` limits it to the first N attempts of the same prompt (same model, history and system instruction), so that a
 * retry succeeds. A poison acts in every later prompt of its conversation too, and in those of its titles and
 * summaries. A prompt may hold several: the manners (delay, slow, hold, long, thinking, thinking-between, grounded,
 * ungrounded, title) add up; of the others the first that is still active decides. Words that are not in this table are
 * ordinary text. POST /_simulator/next chooses for calls whose prompt one does not write.
 */
export const SCENARIOS = {
  delay: { argument: 'time, 2s', does: 'the first byte comes after that time' },
  slow: { argument: 'time, 250ms', does: 'that pause between two chunks' },
  hold: { argument: null, does: 'three chunks, then the rest after POST /_simulator/release' },
  long: { argument: 'tokens, 1000', does: 'an answer of that many tokens' },
  thinking: {
    argument: 'tokens, as its sentences are',
    does: 'thoughts (parts with thought: true) of that many tokens before the answer, and thoughtsTokenCount',
  },
  'thinking-between': { argument: null, does: 'thoughts before the answer, and again after its second chunk' },
  grounded: {
    argument: 'pages, 3',
    does: 'an answer that rests on so many pages (groundingMetadata), also without the googleSearch tool; with the tool every answer does',
  },
  ungrounded: { argument: null, does: 'an answer without a search, though the model may search' },
  'search-refused': { argument: null, does: '400 INVALID_ARGUMENT for a request with the googleSearch tool' },
  'reasoning-refused': { argument: null, does: '400 INVALID_ARGUMENT for a request with a thinkingConfig' },
  'file-refused': {
    argument: null,
    does: '400 INVALID_ARGUMENT for a request with a file; at the beginning of a file, for every request with that file',
  },
  'file-processing': {
    argument: 'time, 2s',
    does: '400 FAILED_PRECONDITION for a request with an uploaded file; at the beginning of a file, PROCESSING for that time after its upload',
  },
  'file-failed': { argument: null, does: 'at the beginning of a file, the state FAILED after its upload' },
  'file-expired': { argument: null, does: 'the uploaded files of the request are gone, and it is 403 PERMISSION_DENIED' },
  title: {
    argument: 'json, think, fence, preamble, control, half, empty, blocked; json',
    does: 'a bad answer to the call for a title: JSON of another form, thoughts in the text, a code fence, words before it, control characters, half of it, no text, a blocked prompt',
  },
  'rate-limit': { argument: 'time, 1s', does: '429 RESOURCE_EXHAUSTED with QuotaFailure (per minute) and RetryInfo of that time' },
  'quota-exhausted': { argument: null, does: '429 RESOURCE_EXHAUSTED with QuotaFailure of a quota per day' },
  'bad-key': { argument: null, does: '400 INVALID_ARGUMENT with ErrorInfo API_KEY_INVALID' },
  'error-400': { argument: null, does: '400 INVALID_ARGUMENT' },
  'error-403': { argument: null, does: '403 PERMISSION_DENIED' },
  'error-404': { argument: null, does: '404 NOT_FOUND' },
  'error-408': { argument: null, does: '408 with an empty body' },
  'error-499': { argument: null, does: '499 CANCELLED' },
  'error-500': { argument: null, does: '500 INTERNAL' },
  'error-502': { argument: null, does: '502 with a page of HTML, as a proxy in between gives it' },
  'error-503': { argument: null, does: '503 UNAVAILABLE' },
  'retry-after': { argument: 'seconds or a date, 1', does: '503 UNAVAILABLE with a Retry-After header and without RetryInfo' },
  'error-504': { argument: null, does: '504 DEADLINE_EXCEEDED' },
  'error-in-stream': { argument: 'status, 503', does: 'three chunks, then an error object of that status as an event' },
  'blocked-prompt': { argument: 'reason, SAFETY', does: '200 without candidates and promptFeedback.blockReason' },
  safety: { argument: null, does: 'three chunks, then finishReason SAFETY' },
  finish: { argument: 'reason, OTHER', does: 'the whole answer with that finishReason' },
  'max-tokens': { argument: null, does: 'three chunks, then finishReason MAX_TOKENS' },
  empty: { argument: 'reason, STOP', does: 'that finishReason and no text; with [[thinking]] after thoughts' },
  blank: { argument: null, does: 'an answer of blanks and format characters, then finishReason STOP' },
  poison: { argument: 'status, 400', does: 'an error of that status for every prompt that holds the word in any turn' },
  truncated: { argument: null, does: 'three chunks, then a clean end without finishReason' },
  cut: { argument: null, does: 'three chunks, then the connection is cut' },
  'half-event': { argument: null, does: 'three chunks, then a clean end in the middle of an event' },
  malformed: { argument: null, does: 'three chunks, then an event that is no JSON' },
  reset: { argument: null, does: 'the connection is reset before any answer' },
  hang: { argument: null, does: 'the request is taken and never answered' },
  stall: { argument: null, does: 'three chunks, then silence' },
} as const satisfies Record<string, { argument: string | null; does: string }>;

export type ScenarioWord = keyof typeof SCENARIOS;

export interface Scenario {
  word: ScenarioWord;
  argument: string | null;
  /** It acts in attempts 1 to this number; Infinity without `xN`. */
  attempts: number;
}

export interface Plan {
  delayMs: number | null;
  chunkMs: number | null;
  /** The answer waits in its middle until it is released. */
  isHeld: boolean;
  tokens: number | null;
  thinking: boolean;
  /** The length of the thoughts; null: that of their sentences. */
  thoughtTokens: number | null;
  thinkingBetween: boolean;
  /** The pages that the answer rests on; null: as many as a search finds, if there is one. */
  pages: number | null;
  /** How the answer to a call for a title is bad; null when it is not. */
  title: string | null;
  fault: Scenario | null;
}

const TAG = /\[\[([^[\]]{1,100})\]\]/gu;

/** `rate-limit 2s x2` → its scenario; null when the word is none of ours or the rest makes no sense. */
export function parseScenario(phrase: string): Scenario | null {
  const [word = '', ...rest] = phrase.trim().split(/\s+/u);
  if (!Object.hasOwn(SCENARIOS, word)) return null;
  const limit = /^x(\d{1,6})$/u.exec(rest.at(-1) ?? '');
  const args = limit ? rest.slice(0, -1) : rest;
  if (args.length > 1 || (args.length === 1 && SCENARIOS[word as ScenarioWord].argument === null)) return null;
  return { word: word as ScenarioWord, argument: args[0] ?? null, attempts: limit ? Number(limit[1]) : Infinity };
}

export function scenariosIn(text: string): Scenario[] {
  return [...text.matchAll(TAG)].map((match) => parseScenario(match[1] ?? '')).filter((scenario) => scenario !== null);
}

/** The words of what a user said in a transcript that are for the call that names its conversation. */
export const titleScenariosIn = (said: readonly string[]): Scenario[] =>
  scenariosIn(said.join('\n')).filter(({ word }) => word === 'title');

/** Plans this attempt (from 1) of a prompt with these scenarios. */
export function planOf(scenarios: readonly Scenario[], attempt: number): Plan {
  const plan: Plan = {
    delayMs: null,
    chunkMs: null,
    isHeld: false,
    tokens: null,
    thinking: false,
    thoughtTokens: null,
    thinkingBetween: false,
    pages: null,
    title: null,
    fault: null,
  };
  for (const scenario of scenarios) {
    if (attempt > scenario.attempts) continue;
    if (scenario.word === 'delay') plan.delayMs = milliseconds(scenario.argument, 2000);
    else if (scenario.word === 'slow') plan.chunkMs = milliseconds(scenario.argument, 250);
    else if (scenario.word === 'hold') plan.isHeld = true;
    else if (scenario.word === 'long') plan.tokens = tokenCount(scenario.argument);
    else if (scenario.word === 'thinking') {
      plan.thinking = true;
      if (scenario.argument !== null) plan.thoughtTokens = tokenCount(scenario.argument);
    } else if (scenario.word === 'thinking-between') plan.thinkingBetween = true;
    else if (scenario.word === 'grounded') plan.pages = /^\d{1,3}$/u.test(scenario.argument ?? '') ? Number(scenario.argument) : 3;
    else if (scenario.word === 'ungrounded') plan.pages = 0;
    else if (scenario.word === 'title') plan.title = scenario.argument ?? 'json';
    else plan.fault ??= scenario;
  }
  return plan;
}

/** `2s`, `1.5s`, `250ms` or `250` (ms) → milliseconds; anything else is the fallback. */
export function milliseconds(text: string | null, fallback: number): number {
  const match = /^(\d{1,15}(?:\.\d{1,3})?)(ms|s)?$/u.exec(text ?? '');
  return match ? Number(match[1]) * (match[2] === 's' ? 1000 : 1) : fallback;
}

function tokenCount(text: string | null): number {
  return /^\d{1,6}$/u.test(text ?? '') ? Number(text) : 1000;
}
