import { ServiceUnavailableError } from '../common/errors/common.errors.js';

interface PgLikeError {
  readonly code?: unknown;
  readonly constraint?: unknown;
  readonly driverError?: unknown;
  readonly message?: unknown;
}

/**
 * postgresql.org/docs/current/errcodes-appendix.html: connection exceptions, too many connections, a full disk or
 * memory, shutdowns, cancelled statements, locks that were not acquired in time.
 */
const UNAVAILABLE =
  /^(?:08...|53[123]00|57P0[123]|57014|55P03|25P03|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)$/;
/** pg and pg-pool throw these errors without a code. */
const UNAVAILABLE_MESSAGES =
  /^(?:Connection terminated|Client (?:has encountered a connection error|was closed)|The server is silent|timeout exceeded when trying to connect|Query read timeout)/;

function driverError(error: unknown): PgLikeError {
  if (typeof error !== 'object' || error === null) return {};
  const { driverError: inner } = error as PgLikeError;
  return typeof inner === 'object' && inner !== null ? inner : error;
}

/** The SQLSTATE of a failed statement; null when the error does not come from PostgreSQL. */
export function sqlState(error: unknown): string | null {
  const { code } = driverError(error);
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}

/** True when a statement broke the named constraint. */
export function violates(error: unknown, constraint: string): boolean {
  return driverError(error).constraint === constraint;
}

/** The account was erased, or taken over by the holder of its number, while the request ran. */
export class UserGoneError extends Error {
  override readonly name = 'UserGoneError';
}

/** True when a row was not written because its user was erased or taken over while the request ran. */
export function isUserGone(error: unknown): boolean {
  if (error instanceof UserGoneError) return true;
  const { constraint } = driverError(error);
  return sqlState(error) === '23503' && typeof constraint === 'string' && /^fk_\w+_user$/.test(constraint);
}

/** True when PostgreSQL could not be reached, went away or refused to work, rather than refusing this statement. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (error instanceof ServiceUnavailableError) return true;
  const { code, message } = driverError(error);
  return (typeof code === 'string' && UNAVAILABLE.test(code)) || (typeof message === 'string' && UNAVAILABLE_MESSAGES.test(message));
}

/** True when PostgreSQL did not answer in time, not even with an error. The connection must not be used again. */
export const isServerSilent = (error: unknown): boolean => driverError(error).message === 'Query read timeout';
