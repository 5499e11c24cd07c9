const MAX_CAUSES = 3;
const MAX_ERRORS = 5;
/** UTF-16 units of a stack. */
const MAX_STACK = 8_000;

/** The fields of an error in the log. */
interface LoggedError {
  readonly type: string;
  readonly message?: string;
  /** The status of a vendor's answer. */
  readonly status?: number;
  readonly code?: string | number;
  readonly stack?: string;
  readonly cause?: LoggedError;
  readonly errors?: readonly LoggedError[];
}

/**
 * Describes an error and its causes for the log. Of its own properties only code and status are kept: those of drivers
 * and vendors hold statements with their values, and requests with their bodies and keys. The words of a vendor's
 * answer, which is the cause of an error of ours, may repeat the request, and are left out.
 */
export const toLoggedError = (error: unknown): LoggedError => describe(error, MAX_CAUSES);

function describe(error: unknown, causes: number): LoggedError {
  const status = causes < MAX_CAUSES ? statusOf(error) : undefined;
  if (status !== undefined) return { type: nameOf(error), status, ...codeOf(error) };
  if (!(error instanceof Error)) return { type: typeof error, message: typeof error === 'string' ? error : 'no error was thrown' };
  return {
    type: nameOf(error),
    message: error.message,
    ...codeOf(error),
    ...(error.stack === undefined ? {} : { stack: error.stack.slice(0, MAX_STACK) }),
    ...(error.cause === undefined || causes === 0 ? {} : { cause: describe(error.cause, causes - 1) }),
    ...(error instanceof AggregateError && causes > 0
      ? { errors: error.errors.slice(0, MAX_ERRORS).map((one) => describe(one, causes - 1)) }
      : {}),
  };
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.constructor.name || error.name : typeof error);

function codeOf(error: unknown): { readonly code?: string | number } {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' || typeof code === 'number' ? { code } : {};
}

/** The status under the names that vendors' packages give it. */
function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const { status, statusCode, responseCode } = error as { status?: unknown; statusCode?: unknown; responseCode?: unknown };
  return [status, statusCode, responseCode].find((value) => typeof value === 'number');
}
