/** What sort of failure an error is; the HTTP side maps each to a status, and to nothing else. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'too_large'
  | 'headers_too_large'
  | 'timeout'
  | 'unsupported_media_type'
  | 'range_not_satisfiable'
  | 'rate_limited'
  | 'unavailable'
  | 'internal';

/** The static side of an error class: what the documentation lists without an instance. */
export interface AppErrorClass {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly title: string;
  readonly name: string;
  /** What the documentation shows. */
  example(): AppError;
}

/**
 * A failure that a client is told of. Subclasses give `code` (stable, lower_snake, part of the contract), `kind` and `title`; an instance adds a
 * sentence on this occurrence and members that are safe to show. Nothing of SQL, of a vendor or of a stack belongs in either.
 */
export abstract class AppError extends Error {
  declare static readonly code: string;
  declare static readonly kind: ErrorKind;
  declare static readonly title: string;

  /** An instance for the documentation; classes whose constructor takes arguments give their own. */
  static example(this: new () => AppError): AppError {
    return new this();
  }

  /**
   * @param detail a sentence for the developer of a client
   * @param members further members of the problem document, in snake_case
   * @param retryAfterSeconds when the same request may succeed; becomes `Retry-After`
   */
  protected constructor(
    detail: string,
    readonly members: Readonly<Record<string, unknown>> = {},
    readonly retryAfterSeconds: number | null = null,
    options?: ErrorOptions,
  ) {
    super(detail, options);
    this.name = new.target.name;
  }

  get definition(): AppErrorClass {
    return this.constructor as unknown as AppErrorClass;
  }
}
