import { AsyncLocalStorage } from 'node:async_hooks';

export interface RequestContext {
  readonly requestId: string;
}

/** What every log line of a request or a job carries, without being passed along. */
export const requestContext = new AsyncLocalStorage<RequestContext>();
