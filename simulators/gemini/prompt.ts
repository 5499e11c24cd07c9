import { createHash } from 'node:crypto';
import { invalidArgument, WireError } from './wire-errors.js';

export interface Turn {
  role: 'user' | 'model';
  text: string;
}

/** The content of a valid request. */
export interface Prompt {
  turns: Turn[];
  systemInstruction: string | null;
  maxOutputTokens: number | null;
  /** The answer is to be JSON. */
  json: boolean;
  inputTokens: number;
  /** The same for the same model, history and system instruction. */
  fingerprint: string;
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
export function readPrompt(model: string, body: string): Prompt {
  const request = parseObject(body);
  for (const name of Object.keys(request)) if (!FIELDS.has(name)) throw invalidArgument(name, `Unknown name "${name}": Cannot find field.`);
  const turns = readContents(request['contents']);
  const system = request['systemInstruction'] ?? request['system_instruction'];
  const systemInstruction = system === undefined ? null : readParts('system_instruction', asObject('system_instruction', system)['parts']);
  const maxOutputTokens = readMaxOutputTokens(request['generationConfig']);
  const characters = turns.reduce((sum, turn) => sum + turn.text.length, systemInstruction?.length ?? 0);
  const fingerprint = createHash('sha1')
    .update(JSON.stringify([model, systemInstruction, turns]))
    .digest('base64url');
  const json = readsJson(request['generationConfig']);
  return { turns, systemInstruction, maxOutputTokens, json, inputTokens: tokensIn(characters), fingerprint };
}

/** The total of `:countTokens`, whose body is `{contents}` or `{generateContentRequest}`. */
export function countTokens(model: string, body: string): number {
  const json = parseObject(body);
  const request = json['generateContentRequest'];
  return readPrompt(model, request === undefined ? body : JSON.stringify(request)).inputTokens;
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

function readContents(value: unknown): Turn[] {
  if (!Array.isArray(value) || value.length === 0) throw invalidArgument('contents', 'contents is not specified');
  return value.map((item: unknown, index) => {
    const field = `contents[${index}]`;
    const content = asObject(field, item);
    const role = content['role'] ?? 'user';
    if (role !== 'user' && role !== 'model') throw invalidArgument(`${field}.role`, 'Please use a valid role: user, model.');
    return { role, text: readParts(field, content['parts']) };
  });
}

function readParts(field: string, value: unknown): string {
  if (!Array.isArray(value) || value.length === 0) throw invalidArgument(`${field}.parts`, 'must not be empty');
  return value
    .map((item: unknown, index) => {
      const name = `${field}.parts[${index}]`;
      const part = asObject(name, item);
      if ('inlineData' in part) return '';
      const text = part['text'];
      if (typeof text !== 'string') throw invalidArgument(`${name}.data`, "required oneof field 'data' must have one initialized field");
      if (/\p{Surrogate}/u.test(text)) throw invalidArgument(`${name}.text`, 'is not valid UTF-8');
      return text;
    })
    .join('');
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
