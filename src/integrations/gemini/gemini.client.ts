import { type GenerateContentParameters, type GoogleGenAI, ThinkingLevel, Type } from '@google/genai';
import { type Span, type SpanOptions, startSpan, traced } from '../../common/tracing/tracing.js';
import type { ReasoningLevel } from '../../config/models.js';
import { type AnswerEnd, type AnswerPiece, AnswerReader, type FinishReason, type TokenUsage } from './answer-reader.js';
import { CallDeadlines } from './call-deadlines.js';
import { GeminiError } from './gemini.errors.js';
import { streamedParts } from './streamed-parts.js';
import { contentsOf, type Turn } from './turns.js';
import { callOnce, failureOf, type GeminiClientOptions, recordingFetch, sdkOf } from './vendor-call.js';

/** The required members of a JSON answer, all of them strings, each with its description. */
export type AnswerSchema = Readonly<Record<string, string>>;

export interface GenerateRequest {
  model: string;
  systemInstruction: string | null;
  /** Oldest first. */
  turns: readonly Turn[];
  /** The limit of thoughts and text together. */
  maxOutputTokens: number;
  /** Lets the model search the web. */
  webSearch?: boolean;
  /** How long the model thinks; it then gives a summary of its thoughts. Null: its default, without a summary. */
  reasoning?: ReasoningLevel | null;
  /**
   * Asks for a JSON answer. It is not guaranteed: an answer can be cut off, and a model or a server can ignore the
   * schema.
   */
  answerSchema?: AnswerSchema | null;
  /** Aborts the call and its HTTP request. */
  signal: AbortSignal;
}

export type GenerateEvent = AnswerPiece | ({ type: 'end' } & AnswerEnd);

const THINKING_LEVELS: Readonly<Record<ReasoningLevel, ThinkingLevel>> = {
  minimal: ThinkingLevel.MINIMAL,
  low: ThinkingLevel.LOW,
  medium: ThinkingLevel.MEDIUM,
  high: ThinkingLevel.HIGH,
};

/**
 * Calls Gemini. It never retries a call: that is the queue's task, which knows what else waits and the delay that a 429
 * asks for. The HTTP request ends with the call, whether that finishes, fails, expires, or loses its reader.
 */
export class GeminiClient {
  private readonly models: GoogleGenAI['models'];

  constructor(private readonly options: GeminiClientOptions) {
    this.models = sdkOf(options).models;
  }

  /**
   * Streams the answer: events of text and of reasoning, each well-formed and without NUL, then one `end`.
   *
   * @throws GeminiError when the answer is not complete; the signal's reason when the caller aborts
   */
  async *stream(request: GenerateRequest): AsyncGenerator<GenerateEvent, void> {
    request.signal.throwIfAborted();
    const deadlines = new CallDeadlines(request.signal, this.options.totalTimeoutMs);
    const answer = new AnswerReader();
    const http = recordingFetch();
    const span = startSpan('generate_content', spanOf(request));
    let end: AnswerEnd | null = null;
    let failure: unknown;
    let answering = false;
    try {
      deadlines.expectWithin(this.options.firstTokenTimeoutMs);
      // The SDK makes the request, and an error of a refusal; it reads nothing before its own iterator is asked.
      await this.models.generateContentStream(parametersOf(request, deadlines.signal, http.fetch));
      const parts = streamedParts(http.body());
      answering = true;
      for (;;) {
        const part = await parts.next();
        deadlines.arrived();
        deadlines.signal.throwIfAborted();
        if (part.done === true) break;
        yield* answer.read(part.value);
        deadlines.expectWithin(this.options.idleTimeoutMs);
      }
      end = answer.end();
    } catch (error) {
      request.signal.throwIfAborted();
      // An error after the finish reason is ignored: the answer is complete.
      end = answer.end();
      if (end === null) {
        failure = failureOf(error, { deadlines, answering, retryAfter: http.retryAfter(), hasFiles: hasFiles(request.turns) });
        throw failure;
      }
    } finally {
      deadlines.close();
      endSpan(span, end, failure);
    }
    if (end === null) throw new GeminiError('stream_interrupted');
    yield { type: 'end', ...end };
  }

  /**
   * Returns the whole answer, within `totalTimeoutMs`. A blocked answer is `content-filter`, with the text that was
   * generated.
   *
   * @throws the errors of `stream`
   */
  generate(request: GenerateRequest): Promise<{ text: string; finishReason: FinishReason; usage: TokenUsage | null }> {
    return traced('generate_content', spanOf(request), () =>
      this.callOnce(request, async (abortSignal, fetchOfCall) => {
        const answer = new AnswerReader();
        const pieces = answer.read(await this.models.generateContent(parametersOf(request, abortSignal, fetchOfCall)));
        const text = pieces.map((piece) => (piece.type === 'text' ? piece.text : '')).join('');
        const end = answer.end();
        if (end === null) throw new GeminiError('stream_interrupted');
        return { text, finishReason: end.finishReason, usage: end.usage };
      }),
    );
  }

  /** Returns how many tokens the model counts for turns, which is free of charge. @throws the errors of `generate` */
  countTokens(request: Pick<GenerateRequest, 'model' | 'turns' | 'signal'>): Promise<number> {
    return this.callOnce(request, async (abortSignal, fetchOfCall) => {
      const config = { abortSignal, httpOptions: { fetch: fetchOfCall } };
      const { totalTokens } = await this.models.countTokens({ model: request.model, contents: contentsOf(request.turns), config });
      if (totalTokens === undefined) throw new GeminiError('model_unavailable', { cause: 'a count without a total' });
      return totalTokens;
    });
  }

  private callOnce<T>(
    { turns, signal }: Pick<GenerateRequest, 'turns' | 'signal'>,
    work: (abortSignal: AbortSignal, fetchOfCall: typeof fetch) => Promise<T>,
  ): Promise<T> {
    return callOnce({ totalTimeoutMs: this.options.totalTimeoutMs, signal, hasFiles: hasFiles(turns) }, work);
  }
}

const hasFiles = (turns: readonly Turn[]): boolean => turns.some(({ files = [] }) => files.length > 0);

/** The names of OpenTelemetry's conventions for generative models. */
const spanOf = ({ model }: GenerateRequest): SpanOptions => ({
  kind: 'client',
  attributes: { 'gen_ai.provider.name': 'gcp.gemini', 'gen_ai.request.model': model },
});

function endSpan(span: Span | null, end: AnswerEnd | null, failure: unknown): void {
  if (span === null) return;
  if (end?.usage) span.set({ 'gen_ai.usage.input_tokens': end.usage.inputTokens, 'gen_ai.usage.output_tokens': end.usage.outputTokens });
  if (failure instanceof GeminiError) span.set({ code: failure.code, status: failure.status ?? 0, reason: failure.reason ?? '' });
  span.end(failure);
}

function parametersOf(request: GenerateRequest, abortSignal: AbortSignal, fetchOfCall: typeof fetch): GenerateContentParameters {
  return {
    model: request.model,
    contents: contentsOf(request.turns),
    config: {
      abortSignal,
      httpOptions: { fetch: fetchOfCall },
      maxOutputTokens: request.maxOutputTokens,
      // One call is one request: by default the SDK opens a second one when a stream is cut off.
      automaticContinuation: false,
      ...(request.systemInstruction === null ? {} : { systemInstruction: request.systemInstruction }),
      ...(request.webSearch === true ? { tools: [{ googleSearch: {} }] } : {}),
      ...(request.reasoning == null
        ? {}
        : { thinkingConfig: { thinkingLevel: THINKING_LEVELS[request.reasoning], includeThoughts: true } }),
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
