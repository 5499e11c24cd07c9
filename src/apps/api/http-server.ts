import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction, RouteOptions } from 'fastify';
import {
  BadRequestError,
  HeadersTooLargeError,
  RequestTimeoutError,
  UnsupportedMediaTypeError,
} from '../../common/errors/common.errors.js';
import { PROBLEM_MEDIA_TYPE, toProblem } from '../../common/http/problem.js';
import { newId } from '../../common/ids.js';
import { parseJson } from '../../common/json.js';
import { requestContext } from '../../common/request-context.js';
import type { Config } from '../../config/env.js';
import { setCorsHeaders } from './cors.js';
import { ProblemFilter } from './problem.filter.js';

const BODY_LIMIT = 512 * 1024;
const SANE_REQUEST_ID = /^[A-Za-z0-9._~-]{1,128}$/;

/** Fastify with our limits, request ids and problem answers also where the router or the HTTP parser refuses a request. */
export function createHttpAdapter(config: Config): FastifyAdapter {
  const { TRUSTED_PROXIES } = config;
  const problems = new ProblemFilter();
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    requestTimeout: 60_000,
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    // Node would refuse a request without a host with an answer of its own, which is no problem document: the hook below refuses it instead.
    http: { requireHostHeader: false },
    // While it drains, requests that come on open connections are still answered.
    return503OnClosing: false,
    // Only so many hops, or named proxies: with `true` a client could choose its own address.
    trustProxy: typeof TRUSTED_PROXIES === 'number' ? (_address: string, hop: number) => hop < TRUSTED_PROXIES : (TRUSTED_PROXIES ?? false),
    requestIdHeader: false,
    genReqId: ({ headers }: { headers: Record<string, string | string[] | undefined> }) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && SANE_REQUEST_ID.test(given) ? given : newId();
    },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 512 },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      setCommonHeaders(request, reply);
      setCorsHeaders(request, reply, config);
      problems.answer(error, request, reply);
    },
    clientErrorHandler,
  });
  const server = adapter.getInstance();
  server.removeContentTypeParser('text/plain');
  // Whatever else is expected than `100-continue` may be ignored (RFC 9110, 10.1.1); Node would refuse it, without a body.
  server.server.on('checkExpectation', (request, response) => server.server.emit('request', request, response));
  // Before every other hook, as those of CORS answer preflights themselves.
  adapter.setOnRequestHook((request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => {
    setCommonHeaders(request, reply);
    // RFC 9112, 3.2.
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1') done(new BadRequestError());
    else done();
  });
  // Nest hands Fastify no limit of a route's own.
  server.addHook('onRoute', (route: RouteOptions) => {
    const { bodyLimit } = wishesOf(route);
    if (bodyLimit !== undefined) route.bodyLimit = bodyLimit;
  });
  // After the body was read: what comes before runs in the socket's context, not in the request's.
  server.addHook('preValidation', (request: FastifyRequest, _reply: FastifyReply, done: HookHandlerDoneFunction) => {
    requestContext.run({ requestId: request.id }, done);
  });
  adapter.useBodyParser(
    'application/json',
    true,
    { bodyLimit: BODY_LIMIT },
    ({ headers, routeOptions }: FastifyRequest, body: Buffer, done: (error: Error | null, value?: unknown) => void) => {
      if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
        done(new UnsupportedMediaTypeError());
        return;
      }
      // By the route itself, when it is known who sent it.
      if (wishesOf(routeOptions).readsBody) {
        done(null);
        return;
      }
      let value: unknown;
      try {
        value = parseJson(body);
      } catch (error) {
        done(error as Error);
        return;
      }
      done(null, value);
    },
  );
  return adapter;
}

/** What a route says with `@RouteConfig` about its bodies. */
const wishesOf = ({ config }: { config?: unknown }) => (config ?? {}) as { readonly bodyLimit?: number; readonly readsBody?: boolean };

function setCommonHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id).header('cache-control', 'private, no-cache').header('vary', 'Authorization, Accept, Origin');
}

/** Bytes that are no HTTP request never reach a route; their sender still gets a problem document. */
function clientErrorHandler(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return;
  const refusal =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new HeadersTooLargeError()
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? new RequestTimeoutError()
        : new BadRequestError();
  const problem = toProblem(refusal, newId());
  const body = JSON.stringify(problem);
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
      `X-Request-Id: ${problem.request_id}`,
      `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
