import { GoogleGenAI } from '@google/genai';
import { CallDeadlines, type Timeouts } from './call-deadlines.js';
import { GeminiError } from './gemini.errors.js';
import { toGeminiError } from './vendor-error.js';

const GEMINI_API = 'https://generativelanguage.googleapis.com';

export interface GeminiClientOptions extends Timeouts {
  apiKey: string;
  /** The address of a server with the same API; Google's by default. */
  baseUrl?: string;
}

/** @param fetchOfSdk makes the requests of calls that are given no fetch of their own */
export function sdkOf({ apiKey, baseUrl = GEMINI_API }: GeminiClientOptions, fetchOfSdk: typeof fetch = fetch): GoogleGenAI {
  // The options are explicit, because otherwise environment variables can choose another backend or address. Node's
  // own fetch is passed, because the SDK's goes through a hidden global of undici, only to lift undici's limits of
  // 300 s of silence, which are far above our deadlines.
  return new GoogleGenAI({ apiKey, vertexai: false, httpOptions: { baseUrl, fetch: fetchOfSdk } });
}

/** Node's fetch for one call. It stores the response, because the SDK's errors have no headers. */
export function recordingFetch(): { fetch: typeof fetch; retryAfter: () => string | null; body: () => ReadableStream<Uint8Array> } {
  let response: Response | null = null;
  return {
    fetch: async (...request) => (response = await fetch(...request)),
    retryAfter: () => response?.headers.get('retry-after') ?? null,
    body: () => {
      if (!response?.body) throw new Error('The response has no body.');
      return response.body;
    },
  };
}

/** What is known of a call that failed. */
interface FailedCall {
  readonly deadlines: CallDeadlines;
  readonly answering: boolean;
  readonly retryAfter: string | null;
  /** The request has files, or is about one. */
  readonly hasFiles: boolean;
}

export const failureOf = (error: unknown, { deadlines, answering, retryAfter, hasFiles }: FailedCall): GeminiError =>
  deadlines.expired ? new GeminiError('model_timeout', { cause: error }) : toGeminiError(error, answering, retryAfter, hasFiles);

/**
 * Makes a call that is no stream, within `totalTimeoutMs`. The HTTP request ends with the call.
 *
 * @param work makes it with that signal and that fetch
 * @throws GeminiError; the signal's reason when the caller aborts
 */
export async function callOnce<T>(
  { totalTimeoutMs, signal, hasFiles }: { totalTimeoutMs: number; signal: AbortSignal; hasFiles: boolean },
  work: (abortSignal: AbortSignal, fetchOfCall: typeof fetch) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const deadlines = new CallDeadlines(signal, totalTimeoutMs);
  const http = recordingFetch();
  try {
    return await work(deadlines.signal, http.fetch);
  } catch (error) {
    signal.throwIfAborted();
    throw failureOf(error, { deadlines, answering: false, retryAfter: http.retryAfter(), hasFiles });
  } finally {
    deadlines.close();
  }
}
