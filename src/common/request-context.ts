import { AsyncLocalStorage } from 'node:async_hooks';
import { currentTraceparent } from './tracing/tracing.js';

/** The request that stored work goes back to; null where it is not known. */
export interface Origin {
  readonly requestId: string | null;
  /** The place in the trace of the request, as W3C Trace Context writes it; null for one that is not traced. */
  readonly traceparent: string | null;
}

export interface RequestContext {
  /** Undefined in a job that no request is known to have caused. */
  requestId?: string;
  /** The id of the job; undefined in a request. */
  readonly jobId?: string;
  /**
   * The time of `performance.now()` until which a request may wait for its turn at another service; undefined for a
   * job, which nobody waits for.
   */
  readonly deadline?: number;
}

/** The values that every log line of a request or a job contains. They need not be passed on. */
export const requestContext = new AsyncLocalStorage<RequestContext>();

/** The origin of what this request, or this job, stores. */
export const currentOrigin = (): Origin => ({ requestId: requestContext.getStore()?.requestId ?? null, traceparent: currentTraceparent() });

/** Gives the rest of this job the id of the request that its work goes back to. */
export function continueRequest({ requestId }: Origin): void {
  const context = requestContext.getStore();
  if (context !== undefined && requestId !== null) context.requestId = requestId;
}
