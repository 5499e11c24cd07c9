import type { FastifyReply, FastifyRequest } from 'fastify';
import { currentTraceId, startSpan } from '../../common/tracing/tracing.js';
import { isWatching, noteForLine } from './request-log.js';

/** Handles a request as a span, which ends with the answer. A client's `traceparent` is continued. */
export function traceRequest(request: FastifyRequest, reply: FastifyReply, handle: () => void): void {
  const { method, headers, routeOptions } = request;
  const route = routeOptions.url ?? 'none';
  const parent = typeof headers['traceparent'] === 'string' ? headers['traceparent'] : null;
  const attributes = { 'http.request.method': method, 'http.route': route, request_id: request.id };
  const span = isWatching(route) ? null : startSpan(`${method} ${route}`, { kind: 'server', parent, attributes });
  if (span === null) {
    handle();
    return;
  }
  reply.raw.once('close', () => {
    const { statusCode } = reply.raw;
    span.set({ 'http.response.status_code': statusCode });
    span.end(statusCode >= 500 ? `${statusCode}` : undefined);
  });
  span.run(() => {
    const traceId = currentTraceId();
    if (traceId !== null) noteForLine(request, { trace_id: traceId });
    handle();
  });
}
