import { ApiError } from '@google/genai';
import { GeminiError, type GeminiErrorCode } from './gemini.errors.js';

type Json = Record<string, unknown>;

/**
 * What a failure of the SDK means to us.
 * @param answering whether the answer had begun: from then on a failure that is not an error of the API is an interruption
 */
export function toGeminiError(error: unknown, answering: boolean): GeminiError {
  if (error instanceof GeminiError) return error;
  if (!(error instanceof ApiError)) return new GeminiError(answering ? 'stream_interrupted' : 'model_unavailable', { cause: error });
  const vendor = vendorErrorOf(error.message);
  const code = codeOf(error.status, vendor.status, vendor.details);
  return new GeminiError(code, { cause: error, retryAfterMs: retryDelayOf(vendor.details) });
}

function codeOf(httpStatus: number, vendorStatus: unknown, details: readonly Json[]): GeminiErrorCode {
  if (httpStatus === 429) return isDailyQuota(details) ? 'model_quota_exhausted' : 'model_rate_limited';
  if (httpStatus === 503) return 'model_overloaded';
  if (httpStatus >= 500 || httpStatus === 408) return 'model_unavailable';
  if (httpStatus === 401 || httpStatus === 403) return 'model_misconfigured';
  // A bad key is a 400 (https://ai.google.dev/gemini-api/docs/troubleshooting); so is a country or an account that may not call (FAILED_PRECONDITION).
  const misconfigured = vendorStatus === 'FAILED_PRECONDITION' || details.some((detail) => detail['reason'] === 'API_KEY_INVALID');
  return misconfigured ? 'model_misconfigured' : 'request_rejected';
}

/** The SDK puts the JSON body into the message; for an error inside a stream with words before it. */
function vendorErrorOf(message: string): { status: unknown; details: Json[] } {
  const nothing = { status: null, details: [] };
  const start = message.indexOf('{');
  if (start < 0) return nothing;
  try {
    const body: unknown = JSON.parse(message.slice(start));
    const error = isObject(body) ? body['error'] : null;
    if (!isObject(error)) return nothing;
    const details = error['details'];
    return { status: error['status'], details: Array.isArray(details) ? details.filter(isObject) : [] };
  } catch {
    return nothing;
  }
}

/** A quota per day comes back tomorrow: no use to try again. Its id says so (GenerateRequestsPerDayPerProjectPerModel). */
function isDailyQuota(details: readonly Json[]): boolean {
  return details.some((detail) => {
    const violations = isType(detail, 'google.rpc.QuotaFailure') ? detail['violations'] : null;
    if (!Array.isArray(violations)) return false;
    return violations
      .filter(isObject)
      .some((violation) => typeof violation['quotaId'] === 'string' && violation['quotaId'].includes('PerDay'));
  });
}

/** RetryInfo's delay is a protobuf Duration in JSON: `23s`, `20.044661790s`. */
function retryDelayOf(details: readonly Json[]): number | null {
  const delay = details.find((detail) => isType(detail, 'google.rpc.RetryInfo'))?.['retryDelay'];
  const seconds = typeof delay === 'string' ? /^(\d+(?:\.\d+)?)s$/u.exec(delay)?.[1] : undefined;
  return seconds === undefined ? null : Math.ceil(Number(seconds) * 1000);
}

function isType(detail: Json, type: string): boolean {
  return detail['@type'] === `type.googleapis.com/${type}`;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
