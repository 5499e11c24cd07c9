/** The sort of a failure. The HTTP side maps each kind to a status. */
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
  | 'bad_gateway'
  | 'unavailable'
  | 'internal';

/** The part of an error that is the same for all its occurrences. */
interface ErrorDefinition {
  /** Stable, in lower_snake_case, part of the contract. */
  readonly code: string;
  readonly kind: ErrorKind;
  readonly title: string;
}

/** The static side of an error class, from which the documentation is written. */
export interface AppErrorClass extends ErrorDefinition {
  readonly name: string;
  /** The instance that the documentation shows. */
  example(): AppError;
}

/** The part of an error that may differ from occurrence to occurrence. */
interface Occurrence {
  /** One or more sentences for the developer of a client. */
  readonly detail: string;
  /** Further members of the problem document, in snake_case. */
  readonly members?: Readonly<Record<string, unknown>> | undefined;
  /**
   * The time after which the same request may succeed, in whole seconds. It becomes `Retry-After` and `retry_after`.
   */
  readonly retryAfterSeconds?: number | undefined;
}

/**
 * A failure that is reported to the client. Error classes are declared with `defineError`. Nothing of SQL, of a vendor
 * or of a stack belongs in a title, a detail or a member.
 */
export abstract class AppError extends Error {
  readonly members: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | null;

  protected constructor(
    readonly definition: ErrorDefinition,
    { detail, members = {}, retryAfterSeconds }: Occurrence,
    options?: ErrorOptions,
  ) {
    super(detail, options);
    this.name = new.target.name;
    this.members = members;
    this.retryAfterSeconds = retryAfterSeconds ?? null;
  }
}

/** An error whose occurrences differ. */
interface ErrorWithInput<Input> extends ErrorDefinition {
  /** Describes one occurrence by the input of the constructor. */
  readonly occurrence: (input: Input) => Occurrence;
  /** The input of the instance that the documentation shows. */
  readonly example: Input;
}

type ErrorConstructor<Arguments extends readonly unknown[]> = AppErrorClass & (new (...args: Arguments) => AppError);

/**
 * Declares an error class: `export class NotFoundError extends defineError({ code, kind, title, detail }) {}`. The
 * constructor takes `ErrorOptions`; that of a class with an `occurrence` function takes the function's input before.
 */
export function defineError(declaration: ErrorDefinition & Occurrence): ErrorConstructor<[options?: ErrorOptions]>;
export function defineError<Input>(declaration: ErrorWithInput<Input>): ErrorConstructor<[input: Input, options?: ErrorOptions]>;
export function defineError<Input>(declaration: (ErrorDefinition & Occurrence) | ErrorWithInput<Input>): AppErrorClass {
  const { code, kind, title } = declaration;
  const definition = { code, kind, title };
  if ('occurrence' in declaration) {
    const { occurrence, example } = declaration;
    return class extends AppError {
      static readonly code = code;
      static readonly kind = kind;
      static readonly title = title;

      static example(): AppError {
        return new this(example);
      }

      constructor(input: Input, options?: ErrorOptions) {
        super(definition, occurrence(input), options);
      }
    };
  }
  const occurrence = declaration;
  return class extends AppError {
    static readonly code = code;
    static readonly kind = kind;
    static readonly title = title;

    static example(): AppError {
      return new this();
    }

    constructor(options?: ErrorOptions) {
      super(definition, occurrence, options);
    }
  };
}
