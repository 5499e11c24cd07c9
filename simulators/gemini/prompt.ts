import { createHash } from 'node:crypto';
import { type ReadFile, readFile, type ReceivedFile } from './received-file.js';
import { invalidArgument, WireError } from './wire-errors.js';

export interface Turn {
  role: 'user' | 'model';
  text: string;
  files: ReceivedFile[];
}

/** Reads an uploaded file by its address. */
type FileReader = (uri: string) => ReadFile;

/** The content of a valid request. */
export interface Prompt {
  turns: Turn[];
  systemInstruction: string | null;
  maxOutputTokens: number | null;
  /** The answer is to be JSON. */
  json: boolean;
  /** The model may search with Google. */
  webSearch: boolean;
  thinking: Thinking;
  inputTokens: number;
  /** The same for the same model, history and system instruction. */
  fingerprint: string;
}

export interface Thinking {
  level: string | null;
  /** The answer is to hold a summary of the thoughts. */
  isShown: boolean;
}

type Json = Record<string, unknown>;

const FIELDS = new Set([
  'model',
  'contents',
  'systemInstruction',
  'system_instruction',
  'safetySettings',
  'tools',
  'toolConfig',
  'generationConfig',
  'cachedContent',
  'serviceTier',
]);

/** Gemini counts about four characters a token. */
export function tokensIn(characters: number): number {
  return Math.ceil(characters / 4);
}

/**
 * Reads a body as Gemini does: unknown names, other roles than user and model, empty contents or parts, lone surrogates
 * and limits out of range are refused.
 * @throws WireError 400 INVALID_ARGUMENT
 */
export function readPrompt(model: string, body: string, readAt: FileReader): Prompt {
  const request = parseObject(body);
  for (const name of Object.keys(request)) if (!FIELDS.has(name)) throw invalidArgument(name, `Unknown name "${name}": Cannot find field.`);
  const turns = readContents(request['contents'], readAt);
  const system = request['systemInstruction'] ?? request['system_instruction'];
  const systemInstruction =
    system === undefined ? null : readParts('system_instruction', asObject('system_instruction', system)['parts'], readAt).text;
  const maxOutputTokens = readMaxOutputTokens(request['generationConfig']);
  const characters = turns.reduce((sum, turn) => sum + turn.text.length, systemInstruction?.length ?? 0);
  const fingerprint = createHash('sha1')
    .update(
      JSON.stringify([model, systemInstruction, turns.map(({ role, text, files }) => [role, text, ...files.map(({ sha256 }) => sha256)])]),
    )
    .digest('base64url');
  const json = readsJson(request['generationConfig']);
  const thinking = readThinking(model, request['generationConfig']);
  const webSearch = searchesWeb(request['tools']);
  const ofFiles = turns
    .flatMap(({ files }) => files)
    .reduce((sum, { tokens, caption }) => sum + tokens + tokensIn(caption?.length ?? 0), 0);
  const inputTokens = tokensIn(characters) + ofFiles;
  return { turns, systemInstruction, maxOutputTokens, json, webSearch, thinking, inputTokens, fingerprint };
}

/** The total of `:countTokens`, whose body is `{contents}` or `{generateContentRequest}`. */
export function countTokens(model: string, body: string, readAt: FileReader): number {
  const json = parseObject(body);
  const request = json['generateContentRequest'];
  return readPrompt(model, request === undefined ? body : JSON.stringify(request), readAt).inputTokens;
}

function parseObject(body: string): Json {
  try {
    return asObject('body', JSON.parse(body));
  } catch (error) {
    if (error instanceof WireError) throw error;
    throw new WireError(400, 'INVALID_ARGUMENT', 'Invalid JSON payload received. (simulated)');
  }
}

function asObject(field: string, value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalidArgument(field, 'must be an object');
  return value as Json;
}

function readContents(value: unknown, readAt: FileReader): Turn[] {
  if (!Array.isArray(value) || value.length === 0) throw invalidArgument('contents', 'contents is not specified');
  return value.map((item: unknown, index) => {
    const field = `contents[${index}]`;
    const content = asObject(field, item);
    const role = content['role'] ?? 'user';
    if (role !== 'user' && role !== 'model') throw invalidArgument(`${field}.role`, 'Please use a valid role: user, model.');
    return { role, ...readParts(field, content['parts'], readAt) };
  });
}

/** A text part right before a file is its caption, and no part of the text. */
function readParts(field: string, value: unknown, readAt: FileReader): Omit<Turn, 'role'> {
  if (!Array.isArray(value) || value.length === 0) throw invalidArgument(`${field}.parts`, 'must not be empty');
  const parts = value.map((item: unknown, index) => {
    const name = `${field}.parts[${index}]`;
    const part = asObject(name, item);
    return readFilePart(name, part, readAt) ?? readTextPart(name, part);
  });
  const isCaption = (index: number) => typeof parts[index] === 'string' && typeof parts[index + 1] === 'object';
  return {
    text: parts.map((part, index) => (typeof part !== 'string' || isCaption(index) ? '' : part)).join(''),
    files: parts.flatMap((part, index) => {
      const before = parts[index - 1];
      return typeof part === 'string' ? [] : [{ ...part, caption: typeof before === 'string' ? before : null }];
    }),
  };
}

function readTextPart(name: string, { text, thoughtSignature: signature }: Json): string {
  if (signature !== undefined && !(typeof signature === 'string' && isSignature(signature)))
    throw invalidArgument(`${name}.thought_signature`, 'Thought signature is not valid.');
  if (typeof text !== 'string') throw invalidArgument(`${name}.data`, "required oneof field 'data' must have one initialized field");
  if (/\p{Surrogate}/u.test(text)) throw invalidArgument(`${name}.text`, 'is not valid UTF-8');
  return text;
}

function readFilePart(name: string, part: Json, readAt: FileReader): Omit<ReceivedFile, 'caption'> | null {
  if ('fileData' in part) {
    const { fileUri: uri } = asObject(`${name}.file_data`, part['fileData']);
    if (typeof uri !== 'string' || uri === '') throw invalidArgument(`${name}.file_data.file_uri`, 'must be specified');
    return { ...readAt(uri), uri };
  }
  if (!('inlineData' in part)) return null;
  const { mimeType, data } = asObject(`${name}.inline_data`, part['inlineData']);
  if (typeof mimeType !== 'string') throw invalidArgument(`${name}.inline_data.mime_type`, 'must be specified');
  if (typeof data !== 'string' || data === '') throw invalidArgument(`${name}.inline_data.data`, 'must be specified');
  const bytes = Buffer.from(data, 'base64');
  // Node ignores what is no base64.
  if (bytes.length !== Buffer.byteLength(data, 'base64')) throw invalidArgument(`${name}.inline_data.data`, 'Base64 decoding failed');
  return { ...readFile(mimeType, bytes), uri: null };
}

function readMaxOutputTokens(config: unknown): number | null {
  if (config === undefined) return null;
  const max = asObject('generation_config', config)['maxOutputTokens'];
  if (max === undefined) return null;
  if (typeof max !== 'number' || !Number.isInteger(max) || max < 1 || max > 65_536) {
    throw invalidArgument('generation_config.max_output_tokens', 'must be from 1 to 65536');
  }
  return max;
}

const MIME_TYPES = ['text/plain', 'application/json', 'text/x.enum'];

function readsJson(config: unknown): boolean {
  if (config === undefined) return false;
  const { responseMimeType: type, responseSchema: schema } = asObject('generation_config', config);
  if (type !== undefined && !(typeof type === 'string' && MIME_TYPES.includes(type))) {
    throw invalidArgument('generation_config.response_mime_type', `allowed mimetypes are ${MIME_TYPES.join(', ')}`);
  }
  if (schema === undefined) return type === 'application/json';
  if (type !== 'application/json' && type !== 'text/x.enum') {
    throw invalidArgument('generation_config.response_schema', 'only supported with response_mime_type application/json or text/x.enum');
  }
  const { type: kind } = asObject('generation_config.response_schema', schema);
  if (kind === undefined) throw invalidArgument('generation_config.response_schema.type', 'must be specified');
  return type === 'application/json';
}

const SIGNATURE = 'simulated-thought-';

/** The signature of the thoughts that led to the answer to a prompt. */
export const signatureOf = (fingerprint: string): string => Buffer.from(SIGNATURE + fingerprint).toString('base64');

const isSignature = (text: string): boolean => Buffer.from(text, 'base64').toString().startsWith(SIGNATURE);

function searchesWeb(tools: unknown): boolean {
  if (tools === undefined) return false;
  if (!Array.isArray(tools)) throw invalidArgument('tools', 'must be a list');
  return tools.some((tool: unknown, index) => {
    const names = Object.keys(asObject(`tools[${index}]`, tool));
    return names.includes('googleSearch') || names.includes('google_search');
  });
}

const LEVELS = ['MINIMAL', 'LOW', 'MEDIUM', 'HIGH'];
/** The levels of models that do not know all of them. */
const LEVELS_OF: Readonly<Record<string, readonly string[]>> = { 'gemini-4-argon': ['LOW', 'HIGH'] };

function readThinking(model: string, config: unknown): Thinking {
  const value = config === undefined ? undefined : asObject('generation_config', config)['thinkingConfig'];
  if (value === undefined) return { level: null, isShown: false };
  const { thinkingLevel: level, thinkingBudget: budget, includeThoughts = false } = asObject('generation_config.thinking_config', value);
  if (level !== undefined && budget !== undefined)
    throw invalidArgument('generation_config.thinking_config', 'You can only set one of thinking budget and thinking level.');
  const known = LEVELS_OF[model] ?? LEVELS;
  if (level !== undefined && !(typeof level === 'string' && known.includes(level)))
    throw invalidArgument('generation_config.thinking_config.thinking_level', 'Thinking level is not supported for this model.');
  return { level: typeof level === 'string' ? level : null, isShown: includeThoughts === true };
}
