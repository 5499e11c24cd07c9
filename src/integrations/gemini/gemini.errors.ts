/** Stable codes, which are stored with a failed reply and shown to clients. */
export type GeminiErrorCode =
  | 'model_rate_limited'
  | 'model_quota_exhausted'
  | 'model_overloaded'
  | 'model_unavailable'
  | 'model_timeout'
  | 'stream_interrupted'
  | 'request_rejected'
  | 'attachment_rejected'
  | 'attachment_unavailable'
  | 'model_misconfigured';

const ERRORS: Readonly<Record<GeminiErrorCode, { retryable: boolean; message: string }>> = {
  model_rate_limited: { retryable: true, message: 'The model accepts no more requests at present.' },
  model_quota_exhausted: { retryable: false, message: 'The quota of the model for today is used up.' },
  model_overloaded: { retryable: true, message: 'The model is overloaded.' },
  model_unavailable: { retryable: true, message: 'The model could not be reached.' },
  model_timeout: { retryable: true, message: 'The model did not answer in time.' },
  stream_interrupted: { retryable: true, message: "The model's answer was interrupted." },
  request_rejected: { retryable: false, message: 'The model refused the request.' },
  attachment_rejected: { retryable: false, message: 'The model cannot read a file.' },
  attachment_unavailable: { retryable: true, message: 'The model could not open a file.' },
  model_misconfigured: { retryable: false, message: 'The model is not configured correctly.' },
};

/** A call without a complete answer. `message` is safe to show; the vendor's words are only in `cause`, for the log. */
export class GeminiError extends Error {
  override readonly name = 'GeminiError';
  readonly retryable: boolean;
  /**
   * The wait that Gemini asks for (RetryInfo or Retry-After), in milliseconds, at most a day; null when it asks for
   * none.
   */
  readonly retryAfterMs: number | null;
  /** The HTTP status of Gemini's error; null when there was no response. */
  readonly status: number | null;
  /** Gemini's own name of the reason, such as `RESOURCE_EXHAUSTED` or `API_KEY_INVALID`; null when it gave none. */
  readonly reason: string | null;

  constructor(
    readonly code: GeminiErrorCode,
    options: { cause?: unknown; retryAfterMs?: number | null; status?: number | null; reason?: string | null } = {},
  ) {
    super(ERRORS[code].message, { cause: options.cause });
    this.retryable = ERRORS[code].retryable;
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.status = options.status ?? null;
    this.reason = options.reason ?? null;
  }
}
