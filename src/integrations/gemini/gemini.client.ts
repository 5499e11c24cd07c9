import { type GenerateContentParameters, GoogleGenAI, Type } from '@google/genai';
import { type AnswerEnd, AnswerReader, type FinishReason, type TokenUsage } from './answer-reader.js';
import { CallDeadlines, type Timeouts } from './call-deadlines.js';
import { GeminiError } from './gemini.errors.js';
import { toGeminiError } from './vendor-error.js';

const GEMINI_API = 'https://generativelanguage.googleapis.com';

export interface GeminiClientOptions extends Timeouts {
  apiKey: string;
  /** The address of a server with the same API; Google's by default. */
  baseUrl?: string;
}

/** The required members of a JSON answer, all of them strings, each with its description. */
export type AnswerSchema = Readonly<Record<string, string>>;

export interface GenerateRequest {
  model: string;
  systemInstruction: string | null;
  /** Oldest first. */
  turns: { role: 'user' | 'model'; text: string }[];
  maxOutputTokens: number;
  /**
   * Asks for a JSON answer. It is not guaranteed: an answer can be cut off, and a model or a server can ignore the
   * schema.
   */
  answerSchema?: AnswerSchema | null;
  /** Aborts the call and its HTTP request. */
  signal: AbortSignal;
}

export type GenerateEvent = { type: 'text'; text: string } | ({ type: 'end' } & AnswerEnd);

/**
 * Calls Gemini. It never retries a call: that is the queue's task, which knows what else waits and the delay that a 429
 * asks for. The HTTP request ends with the call, whether that finishes, fails, expires, or loses its reader.
 */
export class GeminiClient {
  private readonly models: GoogleGenAI['models'];

  constructor(private readonly options: GeminiClientOptions) {
    const { apiKey, baseUrl = GEMINI_API } = options;
    // The options are explicit, because otherwise environment variables can choose another backend or address. Node's
    // own fetch is passed, because the SDK's goes through a hidden global of undici, only to lift undici's limits of
    // 300 s of silence, which are far above our deadlines.
    this.models = new GoogleGenAI({ apiKey, vertexai: false, httpOptions: { baseUrl, fetch } }).models;
  }

  /**
   * Streams the answer: text events, each well-formed and without NUL, then one `end`.
   *
   * @throws GeminiError when the answer is not complete; the signal's reason when the caller aborts
   */
  async *stream(request: GenerateRequest): AsyncGenerator<GenerateEvent, void> {
    request.signal.throwIfAborted();
    const deadlines = new CallDeadlines(request.signal, this.options.totalTimeoutMs);
    const answer = new AnswerReader();
    const http = recordingFetch();
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
      // An error after the finish reason is ignored: the answer is complete.
      if (answer.end() === null) throw failureOf(error, deadlines, { answering, retryAfter: http.retryAfter() });
    } finally {
      deadlines.close();
    }
    const end = answer.end();
    if (end === null) throw new GeminiError('stream_interrupted');
    yield { type: 'end', ...end };
  }

  /**
   * Returns the whole answer, within `totalTimeoutMs`. A blocked answer is `content-filter`, with the text that was
   * generated.
   *
   * @throws the errors of `stream`
   */
  async generate(request: GenerateRequest): Promise<{ text: string; finishReason: FinishReason; usage: TokenUsage | null }> {
    request.signal.throwIfAborted();
    const deadlines = new CallDeadlines(request.signal, this.options.totalTimeoutMs);
    const answer = new AnswerReader();
    const http = recordingFetch();
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

/** Node's fetch for one call. It stores the Retry-After header, because the SDK's errors have no headers. */
function recordingFetch(): { fetch: typeof fetch; retryAfter: () => string | null } {
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
      // One call is one request: by default the SDK opens a second one when a stream is cut off.
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
