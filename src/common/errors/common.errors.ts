import { AppError } from './app-error.js';

export interface FieldError {
  readonly field: string;
  readonly message: string;
}

export class ValidationFailedError extends AppError {
  static override readonly code = 'validation_failed';
  static override readonly kind = 'invalid';
  static override readonly title = 'The request is not valid';

  static override example(): AppError {
    return new ValidationFailedError([{ field: 'surprise', message: 'property surprise should not exist' }]);
  }

  constructor(errors: readonly FieldError[]) {
    super('One or more fields are not acceptable; see errors.', { errors });
  }
}

export class MalformedJsonError extends AppError {
  static override readonly code = 'malformed_json';
  static override readonly kind = 'invalid';
  static override readonly title = 'The body is not JSON';

  constructor() {
    super('The request body could not be read as a JSON document.');
  }
}

export class BadRequestError extends AppError {
  static override readonly code = 'bad_request';
  static override readonly kind = 'invalid';
  static override readonly title = 'The request could not be read';

  constructor() {
    super('The request line, a header or the framing of the body is malformed.');
  }
}

/** One answer for ids that are malformed, unknown, somebody else's or of another parent, so that nobody learns which. */
export class NotFoundError extends AppError {
  static override readonly code = 'not_found';
  static override readonly kind = 'not_found';
  static override readonly title = 'Not found';

  constructor() {
    super('There is no such resource.');
  }
}

export class PayloadTooLargeError extends AppError {
  static override readonly code = 'payload_too_large';
  static override readonly kind = 'too_large';
  static override readonly title = 'The body is too large';

  constructor() {
    super('The request body is larger than this route accepts.');
  }
}

export class HeadersTooLargeError extends AppError {
  static override readonly code = 'headers_too_large';
  static override readonly kind = 'headers_too_large';
  static override readonly title = 'The headers are too large';

  constructor() {
    super('The headers of the request are larger than this server accepts.');
  }
}

export class RequestTimeoutError extends AppError {
  static override readonly code = 'request_timeout';
  static override readonly kind = 'timeout';
  static override readonly title = 'The request took too long to arrive';

  constructor() {
    super('Send the whole request at once.');
  }
}

export class UnsupportedMediaTypeError extends AppError {
  static override readonly code = 'unsupported_media_type';
  static override readonly kind = 'unsupported_media_type';
  static override readonly title = 'The content type is not supported';

  constructor() {
    super('Send the body as application/json, not compressed.');
  }
}

export class ForbiddenError extends AppError {
  static override readonly code = 'forbidden';
  static override readonly kind = 'forbidden';
  static override readonly title = 'Not allowed';

  constructor() {
    super('This account may not do that.');
  }
}

export class RateLimitedError extends AppError {
  static override readonly code = 'rate_limited';
  static override readonly kind = 'rate_limited';
  static override readonly title = 'Too many requests';

  static override example(): AppError {
    return new RateLimitedError(7);
  }

  constructor(retryAfterSeconds: number) {
    super('Too many requests in a short time. Wait for retry_after seconds.', {}, Math.max(1, Math.ceil(retryAfterSeconds)));
  }
}

/** Bodies that are still arriving, or answers that are still to be read, hold as much memory as they may. */
export class TooMuchInFlightError extends AppError {
  static override readonly code = 'too_much_in_flight';
  static override readonly kind = 'rate_limited';
  static override readonly title = 'Too much data is being transferred';

  constructor() {
    super('Other uploads or downloads have to finish first. Try again after retry_after seconds.', {}, 5);
  }
}

export class RangeNotSatisfiableError extends AppError {
  static override readonly code = 'range_not_satisfiable';
  static override readonly kind = 'range_not_satisfiable';
  static override readonly title = 'The range is not part of the file';

  constructor() {
    super('The Range header names no bytes of this resource.');
  }
}

export class ServiceUnavailableError extends AppError {
  static override readonly code = 'service_unavailable';
  static override readonly kind = 'unavailable';
  static override readonly title = 'The service is not available right now';

  constructor(options?: ErrorOptions) {
    super('A part of the service is not reachable. Try again shortly.', {}, 2, options);
  }
}

/** Answered for every error that nobody foresaw; what happened is in the log, under the request's id. */
export class InternalError extends AppError {
  static override readonly code = 'internal_error';
  static override readonly kind = 'internal';
  static override readonly title = 'Something went wrong on our side';

  constructor(options?: ErrorOptions) {
    super('The request failed unexpectedly. Tell us its request_id.', {}, null, options);
  }
}
