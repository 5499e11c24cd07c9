import { defineError } from './app-error.js';

export interface FieldError {
  readonly field: string;
  readonly message: string;
}

export class ValidationFailedError extends defineError({
  code: 'validation_failed',
  kind: 'invalid',
  title: 'The request is not valid',
  occurrence: (errors: readonly FieldError[]) => ({ detail: 'One or more fields are not acceptable; see errors.', members: { errors } }),
  example: [{ field: 'surprise', message: 'property surprise should not exist' }],
}) {}

export class MalformedJsonError extends defineError({
  code: 'malformed_json',
  kind: 'invalid',
  title: 'The body is not JSON',
  detail: 'The request body could not be read as a JSON document.',
}) {}

export class BadRequestError extends defineError({
  code: 'bad_request',
  kind: 'invalid',
  title: 'The request could not be read',
  detail: 'The request line, a header or the framing of the body is malformed.',
}) {}

/**
 * Answers ids that are malformed, unknown, of another user or of another parent, so that the caller cannot tell which.
 */
export class NotFoundError extends defineError({
  code: 'not_found',
  kind: 'not_found',
  title: 'Not found',
  detail: 'There is no such resource.',
}) {}

export class PayloadTooLargeError extends defineError({
  code: 'payload_too_large',
  kind: 'too_large',
  title: 'The body is too large',
  detail: 'The request body is larger than this route accepts.',
}) {}

export class HeadersTooLargeError extends defineError({
  code: 'headers_too_large',
  kind: 'headers_too_large',
  title: 'The headers are too large',
  detail: 'The headers of the request are larger than this server accepts.',
}) {}

export class RequestTimeoutError extends defineError({
  code: 'request_timeout',
  kind: 'timeout',
  title: 'The request took too long to arrive',
  detail: 'Send the whole request at once.',
}) {}

export class UnsupportedMediaTypeError extends defineError({
  code: 'unsupported_media_type',
  kind: 'unsupported_media_type',
  title: 'The content type is not supported',
  detail: 'Send the body as application/json, not compressed.',
}) {}

export class ForbiddenError extends defineError({
  code: 'forbidden',
  kind: 'forbidden',
  title: 'Not allowed',
  detail: 'This account is not allowed to do this.',
}) {}

export class RateLimitedError extends defineError({
  code: 'rate_limited',
  kind: 'rate_limited',
  title: 'Too many requests',
  occurrence: (seconds: number) => ({
    detail: 'Too many requests in a short time. Wait for retry_after seconds.',
    retryAfterSeconds: Math.max(1, Math.ceil(seconds)),
  }),
  example: 7,
}) {}

/** Bodies that are being received, or responses that are being read, hold as much memory as they may. */
export class TooMuchInFlightError extends defineError({
  code: 'too_much_in_flight',
  kind: 'rate_limited',
  title: 'Too much data is being transferred',
  detail: 'Other uploads or downloads must finish first. Retry after retry_after seconds.',
  retryAfterSeconds: 5,
}) {}

export class RangeNotSatisfiableError extends defineError({
  code: 'range_not_satisfiable',
  kind: 'range_not_satisfiable',
  title: 'The range is not part of the file',
  detail: 'The Range header names no bytes of this resource.',
}) {}

export class ServiceUnavailableError extends defineError({
  code: 'service_unavailable',
  kind: 'unavailable',
  title: 'The service is unavailable',
  detail: 'A part of the service is unreachable. Retry shortly.',
  retryAfterSeconds: 2,
}) {}

/** Answers every unexpected error. The log has the cause, under the request's id. */
export class InternalError extends defineError({
  code: 'internal_error',
  kind: 'internal',
  title: 'Internal error',
  detail: 'The request failed unexpectedly. Report its request_id to support.',
}) {}
