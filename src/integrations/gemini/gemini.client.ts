import { type GenerateContentParameters, GoogleGenAI, Type } from '@google/genai';
import { type AnswerEnd, AnswerReader, type FinishReason, type TokenUsage } from './answer-reader.js';
import { CallDeadlines, type Timeouts } from './call-deadlines.js';
import { GeminiError } from './gemini.errors.js';
import { toGeminiError } from './vendor-error.js';

const GEMINI_API = 'https://generativelanguage.googleapis.com';

export interface GeminiClientOptions extends Timeouts {
  apiKey: string;
  /** Another server that speaks the same wire; default: Google's. */
  baseUrl?: string;
}

/** The members of the JSON object that is to be the answer, all of them texts that must be there; each with what it is. */
export type AnswerSchema = Readonly<Record<string, string>>;

export interface GenerateRequest {
  model: string;
  systemInstruction: string | null;
  /** Oldest first. */
  turns: { role: 'user' | 'model'; text: string }[];
  maxOutputTokens: number;
  /** Asks for an answer in JSON. Nothing guarantees one: an answer can break off, and a model or a server can ignore it. */
  answerSchema?: AnswerSchema | null;
  /** Ends the call, and with it the HTTP request. */
  signal: AbortSignal;
}

export type GenerateEvent = { type: 'text'; text: string } | ({ type: 'end' } & AnswerEnd);

/**
 * Gemini in our words. It never repeats a call: retrying is the queue's task, which knows what waits and what a 429 asks for.
 * Every way out of a call (its end, an error, a deadline, a reader who leaves) ends the HTTP request.
 */
export class GeminiClient {
  private readonly models: GoogleGenAI['models'];

  constructor(private readonly options: GeminiClientOptions) {
    const { apiKey, baseUrl = GEMINI_API } = options;
    // Explicit, because the SDK else lets environment variables choose another backend or address.
    // And Node's fetch as it is: the SDK's own way goes through a hidden global of undici, only to lift undici's limits of 300 s of silence,
    // which stay far above our deadlines.
    this.models = new GoogleGenAI({ apiKey, vertexai: false, httpOptions: { baseUrl, fetch } }).models;
  }

  /**
   * The answer as it is made: text events, each well-formed and without NUL, then one `end`.
   * @throws GeminiError when there is no complete answer; the signal's reason when the caller aborts
   */
  async *stream(request: GenerateRequest): AsyncGenerator<GenerateEvent, void> {
    request.signal.throwIfAborted();
    const deadlines = new CallDeadlines(request.signal, this.options.totalTimeoutMs);
    const answer = new AnswerReader();
    const http = rememberingFetch();
    let answering = false;
    try {
      deadlines.expectWithin(this.options.firstTokenTimeoutMs);
      const parts = await this.models.generateContentStream(parametersOf(request, deadlines.signal, http.fetch));
      answering = true;
      for (;;) {
        const part = await parts.next();
        deadlines.arrived();
        deadlines.signal.throwIfAborted();
        if (part.done === true) break;
        const text = answer.read(part.value);
        if (text !== '') yield { type: 'text', text };
        deadlines.expectWithin(this.options.idleTimeoutMs);
      }
    } catch (error) {
      request.signal.throwIfAborted();
      // What breaks after the finish reason takes nothing from the answer.
      if (answer.end() === null) throw failureOf(error, deadlines, { answering, retryAfter: http.retryAfter() });
    } finally {
      deadlines.close();
    }
    const end = answer.end();
    if (end === null) throw new GeminiError('stream_interrupted');
    yield { type: 'end', ...end };
  }

  /**
   * The whole answer in one piece, within `totalTimeoutMs`. A blocked one is content-filter, with what text there is.
   * @throws as `stream` does
   */
  async generate(request: GenerateRequest): Promise<{ text: string; finishReason: FinishReason; usage: TokenUsage | null }> {
    request.signal.throwIfAborted();
    const deadlines = new CallDeadlines(request.signal, this.options.totalTimeoutMs);
    const answer = new AnswerReader();
    const http = rememberingFetch();
    try {
      const text = answer.read(await this.models.generateContent(parametersOf(request, deadlines.signal, http.fetch)));
      const end = answer.end();
      if (end === null) throw new GeminiError('stream_interrupted');
      return { text, finishReason: end.finishReason, usage: end.usage };
    } catch (error) {
      request.signal.throwIfAborted();
      throw failureOf(error, deadlines, { answering: false, retryAfter: http.retryAfter() });
    } finally {
      deadlines.close();
    }
  }
}

function failureOf(
  error: unknown,
  deadlines: CallDeadlines,
  { answering, retryAfter }: { answering: boolean; retryAfter: string | null },
): GeminiError {
  return deadlines.expired ? new GeminiError('model_timeout', { cause: error }) : toGeminiError(error, answering, retryAfter);
}

/** Node's fetch for one call. It remembers the Retry-After header, because the SDK's errors carry no headers. */
function rememberingFetch(): { fetch: typeof fetch; retryAfter: () => string | null } {
  let retryAfter: string | null = null;
  return {
    fetch: async (...request) => {
      const response = await fetch(...request);
      retryAfter = response.headers.get('retry-after');
      return response;
    },
    retryAfter: () => retryAfter,
  };
}

function parametersOf(request: GenerateRequest, abortSignal: AbortSignal, fetchOfCall: typeof fetch): GenerateContentParameters {
  return {
    model: request.model,
    contents: request.turns.map(({ role, text }) => ({ role, parts: [{ text }] })),
    config: {
      abortSignal,
      httpOptions: { fetch: fetchOfCall },
      maxOutputTokens: request.maxOutputTokens,
      // One call is one request: the SDK would else open a second by itself when a stream breaks off.
      automaticContinuation: false,
      ...(request.systemInstruction === null ? {} : { systemInstruction: request.systemInstruction }),
      ...(request.answerSchema ? jsonOf(request.answerSchema) : {}),
    },
  };
}

function jsonOf(schema: AnswerSchema) {
  const properties = Object.fromEntries(Object.entries(schema).map(([name, description]) => [name, { type: Type.STRING, description }]));
  return {
    responseMimeType: 'application/json',
    responseSchema: { type: Type.OBJECT, properties, required: Object.keys(schema) },
  };
}
