import { ApiError } from '@google/genai';
import { GeminiError, type GeminiErrorCode } from './gemini.errors.js';

type Json = Record<string, unknown>;

/** Longer delays are cut to this one, so that statements and timers stay in their ranges. */
const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * Statuses of Google's APIs for transient failures: the request may succeed on a retry, whatever the HTTP status is.
 */
const TRANSIENT: ReadonlySet<unknown> = new Set([
  'ABORTED',
  'CANCELLED',
  'DEADLINE_EXCEEDED',
  'INTERNAL',
  'RESOURCE_EXHAUSTED',
  'UNAVAILABLE',
  'UNKNOWN',
]);

/** Phrases of a server under load, which have various statuses. */
const OVERLOADED = /\b(?:overloaded|over capacity|at capacity|high demand|temporarily unavailable|try again later)\b/iu;

/** Words of Gemini on a file that it cannot read. */
const UNREADABLE = /\b(?:image|document|mime type|inline_data|files?)\b/iu;

/** HTTP statuses that concern the key, the account, the address or the model's name, and never a user's text. */
const MISCONFIGURED: ReadonlySet<number> = new Set([401, 402, 403, 404, 405, 407]);

/**
 * Translates an error of the SDK.
 *
 * @param answering whether the answer had begun; then a failure that is not an error of the API is an interruption
 * @param retryAfter the Retry-After header of the response, which the SDK does not pass on
 * @param hasFiles whether the request has files, or is about one
 */
export function toGeminiError(error: unknown, answering: boolean, retryAfter: string | null = null, hasFiles = false): GeminiError {
  if (error instanceof GeminiError) return error;
  if (!(error instanceof ApiError)) return new GeminiError(answering ? 'stream_interrupted' : 'model_unavailable', { cause: error });
  const vendor = vendorErrorOf(error.message);
  const retryAfterMs = retryDelayOf(vendor.details) ?? retryAfterOf(retryAfter);
  const code = (hasFiles ? codeOfFile(error.status, vendor) : null) ?? codeOf(error.status, vendor);
  return new GeminiError(code, { cause: error, retryAfterMs, status: error.status, reason: reasonOf(vendor) });
}

interface VendorError {
  readonly status: unknown;
  readonly message: unknown;
  readonly details: readonly Json[];
}

/**
 * The code of an error that is about a file; null for any other. Gemini says 403 or 404 of an upload that has expired,
 * FAILED_PRECONDITION of one that it is still processing, and INVALID_ARGUMENT of a file that it cannot read.
 */
function codeOfFile(httpStatus: number, { status, message, details }: VendorError): GeminiErrorCode | null {
  if (typeof message !== 'string' || isBadKey(details)) return null;
  const isAboutUpload = /\bfiles?\b/iu.test(message);
  if (isAboutUpload && (httpStatus === 403 || httpStatus === 404 || status === 'FAILED_PRECONDITION')) return 'attachment_unavailable';
  return httpStatus === 400 && status === 'INVALID_ARGUMENT' && UNREADABLE.test(message) ? 'attachment_rejected' : null;
}

function codeOf(httpStatus: number, { status: vendorStatus, message, details }: VendorError): GeminiErrorCode {
  if (httpStatus === 429 || vendorStatus === 'RESOURCE_EXHAUSTED') {
    return isDailyQuota(details) ? 'model_quota_exhausted' : 'model_rate_limited';
  }
  if (httpStatus === 503 || vendorStatus === 'UNAVAILABLE') return 'model_overloaded';
  if (httpStatus >= 500 || httpStatus === 408 || httpStatus === 499 || TRANSIENT.has(vendorStatus)) return 'model_unavailable';
  if (MISCONFIGURED.has(httpStatus)) return 'model_misconfigured';
  // A bad key is a 400 (https://ai.google.dev/gemini-api/docs/troubleshooting); so is a country or an account that may
  // not use the API (FAILED_PRECONDITION).
  if (vendorStatus === 'FAILED_PRECONDITION' || isBadKey(details)) return 'model_misconfigured';
  return typeof message === 'string' && OVERLOADED.test(message) ? 'model_overloaded' : 'request_rejected';
}

const isBadKey = (details: readonly Json[]): boolean => details.some((detail) => detail['reason'] === 'API_KEY_INVALID');

/** A name of Google's, and no words, which could repeat the request. */
const NAME = /^[A-Z][A-Z0-9_]{0,62}$/u;

/** The reason of ErrorInfo, which is more exact, or the status. */
function reasonOf({ status, details }: VendorError): string | null {
  const names = [...details.map((detail) => detail['reason']), status];
  return names.find((name): name is string => typeof name === 'string' && NAME.test(name)) ?? null;
}

/** Reads the JSON body, which the SDK puts into the message, after other words if the error came inside a stream. */
function vendorErrorOf(message: string): VendorError {
  const nothing = { status: null, message: null, details: [] };
  const start = message.indexOf('{');
  if (start < 0) return nothing;
  try {
    const body: unknown = JSON.parse(message.slice(start));
    const error = isObject(body) ? body['error'] : null;
    if (!isObject(error)) return nothing;
    const details = error['details'];
    return { status: error['status'], message: error['message'], details: Array.isArray(details) ? details.filter(isObject) : [] };
  } catch {
    return nothing;
  }
}

/**
 * A daily quota is full until tomorrow, so that a retry is of no use. Its id names the day, for example
 * GenerateRequestsPerDayPerProjectPerModel.
 */
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
  return seconds === undefined ? null : Math.min(MAX_RETRY_AFTER_MS, Math.ceil(Number(seconds) * 1000));
}

/** A Retry-After header is a number of seconds or a date (RFC 9110). */
function retryAfterOf(header: string | null): number | null {
  const text = header?.trim() ?? '';
  const ms = /^\d+$/u.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? null : Math.min(MAX_RETRY_AFTER_MS, Math.max(0, ms));
}

function isType(detail: Json, type: string): boolean {
  return detail['@type'] === `type.googleapis.com/${type}`;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
