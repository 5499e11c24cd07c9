import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction, RouteOptions } from 'fastify';
import { BadRequestError, HeadersTooLargeError, MalformedJsonError, RequestTimeoutError } from '../../common/errors/common.errors.js';
import { PROBLEM_MEDIA_TYPE, toProblem } from '../../common/http/problem.js';
import { newId } from '../../common/ids.js';
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
  server.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction) => {
    setCommonHeaders(request, reply);
    done();
  });
  // Nest hands Fastify no limit of a route's own.
  server.addHook('onRoute', (route: RouteOptions) => {
    const { bodyLimit } = (route.config ?? {}) as { bodyLimit?: number };
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
    (request: FastifyRequest, body: Buffer, done: (error: Error | null, value?: unknown) => void) => {
      // What is signed is read by whoever checks the signature, once that is right.
      if ((request.routeOptions.config as { isSigned?: boolean }).isSigned) {
        done(null);
        return;
      }
      let value: unknown;
      try {
        value = body.length === 0 ? undefined : JSON.parse(utf8.decode(body));
      } catch {
        done(new MalformedJsonError());
        return;
      }
      done(null, value);
    },
  );
  return adapter;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

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
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}\r\nContent-Type: ${PROBLEM_MEDIA_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
