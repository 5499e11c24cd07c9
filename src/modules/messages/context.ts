import type { ThoughtSignature } from '../../integrations/gemini/index.js';
import type { StoredAttachment } from '../attachments/index.js';
import type { MessageStatus } from './message-status.js';
import { nameOf, type TurnFile } from './model-files/turn-file.js';

/** A message of the branch that a reply continues. */
export interface PathMessage {
  readonly id: string;
  readonly depth: number;
  readonly role: 'user' | 'model';
  readonly status: MessageStatus;
  readonly content: string;
  /** An estimate. */
  readonly tokens: number;
  /** The summary of the conversation up to this message, which covers so many messages. */
  readonly summary: { readonly content: string; readonly covered: number } | null;
  /** A summary that ends here was requested, whatever became of it. */
  readonly hasSummary: boolean;
  /**
   * A failed reply: the model refused the message that it answers, or the model's servers failed only for that message.
   */
  readonly isRefused: boolean;
  /** On a reply, the model that made it, and what that model wants to have back. */
  readonly model?: string | null;
  readonly signatures?: readonly ThoughtSignature[] | null;
  /** The files that the model is given with it. */
  readonly files?: readonly TurnFile[];
  /** Those that it is not given, and which are named. */
  readonly omitted?: readonly StoredAttachment[];
}

export interface Turn {
  readonly role: 'user' | 'model';
  readonly text: string;
  readonly signatures?: readonly ThoughtSignature[] | null;
  readonly files?: readonly TurnFile[];
  /** The text names so many files that the model is not given. */
  readonly omitted?: number;
}

/**
 * Limits of the history that the model is given: about this many tokens, and this many messages, however short they
 * are.
 */
export interface HistoryLimits {
  readonly tokens: number;
  readonly messages: number;
}

/** The messages that are read for one prompt, whatever the size of the room. */
const MAX_MESSAGES = 1_000;

export const historyLimits = (tokens: number): HistoryLimits => ({ tokens, messages: MAX_MESSAGES });

export interface Context {
  readonly turns: Turn[];
  /** The summary of the messages before the turns. */
  readonly summary: string | null;
  /** Messages before the first turn that the summary covers. */
  readonly summarised: number;
  /** Messages before the first turn that the model learns nothing about. */
  readonly trimmed: number;
  /** The message at which a new summary should end, so that the next replies find one; null while none is needed. */
  readonly summaryAt: string | null;
}

/** A new summary is requested when FULL of the limits is used since the newest one. It leaves LEFT of them verbatim. */
const FULL = 3 / 4;
const LEFT = 1 / 2;

/**
 * Chooses what the model is given of a branch: as much as fits verbatim, and the rest as a summary, if there is one
 * that ends where the verbatim part can begin.
 *
 * @param path oldest first, as far up as the limits allow; ends with the message to answer
 * @param options as those of `toTurns`
 */
export function chooseContext(
  path: readonly PathMessage[],
  limits: HistoryLimits,
  options: { readonly answeredOnly?: boolean } = {},
): Context {
  const after = tokensAfter(path, withFiles);
  const isWhole = path[0]?.depth === 1;
  const at = isWhole
    ? -1
    : path.findIndex(({ summary }, i) => summary !== null && (after[i] ?? 0) + tokensOf(summary.content) <= limits.tokens);
  const summary = path[at]?.summary ?? null;
  const given = path.slice(path.findIndex(({ role }, i) => i > at && role === 'user'));
  const summarised = summary?.covered ?? 0;
  return {
    turns: toTurns(given, options),
    summary: summary?.content ?? null,
    summarised,
    trimmed: Math.max(0, (given[0]?.depth ?? 1) - 1 - summarised),
    summaryAt: summaryAt(path, after, limits),
  };
}

/**
 * As late as the limits allow, so that summaries are seldom created, and early enough that one exists before it is
 * needed. Files make one necessary only where they leave no room for an older message.
 *
 * @param after the tokens after each message, with files
 */
function summaryAt(path: readonly PathMessage[], after: readonly number[], limits: HistoryLimits): string | null {
  const newest = path.findLastIndex(({ hasSummary }) => hasSummary);
  const text = tokensAfter(path, ({ tokens }) => tokens);
  const uses = (tokens: readonly number[], i: number, part: number) =>
    (tokens[i] ?? 0) > limits.tokens * part || path.length - 1 - i > limits.messages * part;
  const isOverflowing = newest === -1 && path[0] !== undefined && path[0].depth > 1;
  if (!isOverflowing && !(newest === -1 ? isFull(path, limits) : uses(text, newest, FULL))) return null;
  const candidates = path.map(({ role }, i) => (role === 'model' && i > newest ? i : -1)).filter((i) => i !== -1);
  const index = candidates.find((i) => !uses(after, i, LEFT)) ?? candidates.at(-1);
  return index === undefined ? null : (path[index]?.id ?? null);
}

const isFull = (path: readonly PathMessage[], { tokens, messages }: HistoryLimits): boolean =>
  path.reduce((sum, message) => sum + message.tokens, 0) > tokens * FULL || path.length > messages * FULL;

/** The sum of the tokens after each message. */
function tokensAfter(path: readonly PathMessage[], tokensOfMessage: (message: PathMessage) => number): number[] {
  let sum = 0;
  return path
    .toReversed()
    .map((message) => {
      const tokens = tokensOfMessage(message);
      sum += tokens;
      return sum - tokens;
    })
    .reverse();
}

const withFiles = ({ tokens, files = [] }: PathMessage): number => files.reduce((sum, file) => sum + file.tokens, tokens);

/** About four bytes of text are a token. */
export const tokensOf = (text: string): number => Math.ceil(Buffer.byteLength(text) / 4);

/**
 * Messages as turns of a conversation. A reply without text is left out. A reply that was blocked or whose message the
 * model refused is left out together with that message, because every later request that repeats the message would be
 * refused as well. A conversation begins with the user.
 *
 * @param answeredOnly leaves out every message whose reply has no text, whatever the reason: the model may refuse one
 *   of them
 */
export function toTurns(
  path: readonly Pick<PathMessage, 'role' | 'status' | 'content' | 'isRefused' | 'signatures' | 'files' | 'omitted'>[],
  { answeredOnly = false }: { answeredOnly?: boolean } = {},
): Turn[] {
  const turns: Turn[] = [];
  for (const { role, status, content, isRefused, signatures, files, omitted } of path) {
    if (role === 'user') turns.push(userTurn(content, files ?? [], omitted ?? []));
    else if (status === 'blocked' || isRefused) turns.pop();
    else if (content !== '' && status !== 'failed') {
      if (turns.length > 0) turns.push({ role, text: content, ...(signatures ? { signatures } : {}) });
    } else if (answeredOnly) turns.pop();
  }
  return turns;
}

function userTurn(content: string, files: readonly TurnFile[], omitted: readonly StoredAttachment[]): Turn {
  const text = [omitted.map(nameOf).join('\n'), content].filter((part) => part !== '').join('\n\n');
  return {
    role: 'user',
    text,
    ...(files.length === 0 ? {} : { files }),
    ...(omitted.length === 0 ? {} : { omitted: omitted.length }),
  };
}

/** The turns with all files named instead of given, but for those of the last turn. */
export const withOlderFilesNamed = (turns: readonly Turn[]): Turn[] =>
  turns.map((turn, i) => (i === turns.length - 1 || !turn.files ? turn : userTurn(turn.text, [], turn.files)));

const SUMMARY_NOTE = 'Summary of the earlier part of the conversation, which is not shown any more:';

/** The instruction of the room, and the summary of the conversation before the turns. */
export function instructionOf(systemInstruction: string | null, summary: string | null): string | null {
  const parts = [systemInstruction, summary === null ? null : `${SUMMARY_NOTE}\n\n${summary}`].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join('\n\n');
}
