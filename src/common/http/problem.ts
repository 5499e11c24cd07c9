import type { AppError, ErrorKind } from '../errors/app-error.js';

const STATUS: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  timeout: 408,
  conflict: 409,
  too_large: 413,
  unsupported_media_type: 415,
  range_not_satisfiable: 416,
  rate_limited: 429,
  headers_too_large: 431,
  internal: 500,
  bad_gateway: 502,
  unavailable: 503,
};

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

export const statusOf = (kind: ErrorKind): number => STATUS[kind];

/** A problem document (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly request_id: string;
  readonly [member: string]: unknown;
}

export function toProblem(error: AppError, requestId: string): Problem {
  const { code, kind, title } = error.definition;
  return {
    type: `urn:problem-type:${code}`,
    title,
    status: STATUS[kind],
    detail: error.message,
    code,
    request_id: requestId,
    ...error.members,
    ...(error.retryAfterSeconds === null ? {} : { retry_after: error.retryAfterSeconds }),
  };
}
