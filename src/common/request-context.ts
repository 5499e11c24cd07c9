import { AsyncLocalStorage } from 'node:async_hooks';

export interface RequestContext {
  readonly requestId: string;
}

/** The values that every log line of a request or a job contains. They need not be passed on. */
export const requestContext = new AsyncLocalStorage<RequestContext>();
