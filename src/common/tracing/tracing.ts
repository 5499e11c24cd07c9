export interface SpanOptions {
  readonly kind?: 'server' | 'client' | 'consumer' | 'internal';
  /** The span that it continues, as W3C Trace Context writes it; undefined: the current one. */
  readonly parent?: string | null | undefined;
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
}

/** A part of a trace that has begun. */
export interface Span {
  /** Runs `work` with this span as the current one. */
  run<T>(work: () => T): T;
  set(attributes: NonNullable<SpanOptions['attributes']>): void;
  /** @param error what the work failed with; a text is a name of it, such as the status of an answer */
  end(error?: unknown): void;
}

/** Makes the spans of this process, where it is traced. */
export interface Tracer {
  start(name: string, options: SpanOptions): Span;
  /** The current span as W3C Trace Context writes it; null outside of all spans. */
  traceparent(): string | null;
  /** Sends what has ended. */
  close(): Promise<void>;
}

let tracer: Tracer | null = null;

/** Has this process traced by `made`; null ends that. */
export function useTracer(made: Tracer | null): void {
  tracer = made;
}

export const currentTracer = (): Tracer | null => tracer;

export const currentTraceparent = (): string | null => tracer?.traceparent() ?? null;

export const currentTraceId = (): string | null => currentTraceparent()?.split('-')[1] ?? null;

/** Begins a span, which `end` has to end; null where nothing is traced. */
export const startSpan = (name: string, options: SpanOptions = {}): Span | null => tracer?.start(name, options) ?? null;

/** Does `work` as a span. */
export function traced<T>(name: string, options: SpanOptions, work: () => Promise<T>): Promise<T> {
  return tracer === null ? work() : within(tracer.start(name, options), work);
}

/** Does `work` as a span of the current one. Outside of all spans, such as in a schedule, it is not traced. */
export function tracedInside<T>(name: string, options: SpanOptions, work: () => Promise<T>): Promise<T> {
  return tracer?.traceparent() == null ? work() : within(tracer.start(name, options), work);
}

/** The class of an error, whose words may repeat what a user wrote. A text is taken as it is. */
export const errorTypeOf = (error: unknown): string =>
  error instanceof Error ? error.name : typeof error === 'string' ? error : typeof error;

async function within<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    const result = await span.run(work);
    span.end();
    return result;
  } catch (error) {
    span.end(error);
    throw error;
  }
}
