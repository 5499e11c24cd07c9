import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { forwardedAddresses } from '../../common/client.js';
import { BadRequestError, HeadersTooLargeError, RequestTimeoutError } from '../../common/errors/common.errors.js';
import { PROBLEM_MEDIA_TYPE, toProblem } from '../../common/http/problem.js';
import { newId } from '../../common/ids.js';
import { requestContext } from '../../common/request-context.js';
import type { Config } from '../../config/env.js';
import { setCorsHeaders } from './cors.js';
import { ProblemFilter } from './problem.filter.js';
import { logNoRequest, logRequest } from './request-log.js';
import { traceRequest } from './request-trace.js';
import { API_HEADERS } from './security-headers.js';

/** Time limit for all headers of a request. */
const HEADERS_MS = 15_000;
/** Time in which Node itself ends a request, beyond that of the slowest upload. BodyInterceptor ends others earlier. */
const LATE_MS = 60_000;
/** Interval between checks for late requests. */
const LATE_CHECK_MS = 2_000;
/** Time that a refused client has to read the refusal. */
const LINGER_MS = 1_000;
/** The longest time that a request waits for its turns at other services, of all its calls together. */
const LONGEST_WAIT_MS = 10_000;
const COMMON_HEADERS = { ...API_HEADERS, 'cache-control': 'private, no-cache', vary: 'Authorization, Accept, Origin' };
const SANE_REQUEST_ID = /^[A-Za-z0-9._~-]{1,128}$/;

/**
 * Creates Fastify with limits, request ids, and problem documents also where the router or the HTTP parser refuses a
 * request.
 */
export function createHttpAdapter(config: Config): FastifyAdapter {
  const { TRUSTED_PROXIES, UPLOAD_TIMEOUT } = config;
  const problems = new ProblemFilter();
  const adapter = new FastifyAdapter({
    requestTimeout: UPLOAD_TIMEOUT + LATE_MS,
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    // Node's own refusal of a request without a host is no problem document: the hook below refuses it instead.
    http: { requireHostHeader: false, headersTimeout: HEADERS_MS, connectionsCheckingInterval: LATE_CHECK_MS },
    // Requests on open connections are answered while the process drains.
    return503OnClosing: false,
    // A number of hops, or named proxies: `true` would let a client choose its own address.
    trustProxy: typeof TRUSTED_PROXIES === 'number' ? (_address: string, hop: number) => hop < TRUSTED_PROXIES : (TRUSTED_PROXIES ?? false),
    requestIdHeader: false,
    genReqId: ({ headers }: { headers: Record<string, string | string[] | undefined> }) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && SANE_REQUEST_ID.test(given) ? given : newId();
    },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 512 },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      logRequest(request, reply);
      setCommonHeaders(request, reply);
      setCorsHeaders(request, reply, config);
      problems.answer(error, request, reply);
    },
    clientErrorHandler,
  });
  const server = adapter.getInstance();
  // BodyInterceptor reads the bodies after the guards, which know whose they are.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request: FastifyRequest, _payload: unknown, done: (error: null) => void) => {
    done(null);
  });
  // Expectations other than `100-continue` may be ignored (RFC 9110, 10.1.1). Node would refuse them without a body.
  server.server.on('checkExpectation', (request, response) => server.server.emit('request', request, response));
  // This hook runs before all others, because that of CORS answers preflights itself.
  adapter.setOnRequestHook((request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => {
    keepForwardedAddresses(request.raw);
    logRequest(request, reply);
    setCommonHeaders(request, reply);
    // RFC 9112, 3.2.
    const hosts = countHosts(request.raw);
    if (hosts > 1 || (hosts === 0 && request.raw.httpVersion === '1.1')) done(new BadRequestError());
    else done();
  });
  // Earlier hooks run in the context of the socket, not of the request.
  server.addHook('preValidation', (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction) => {
    traceRequest(request, reply, () => {
      requestContext.run({ requestId: request.id, deadline: performance.now() + LONGEST_WAIT_MS }, done);
    });
  });
  return adapter;
}

/** Counts the Host headers in the raw headers, because Node keeps the first one and drops the others silently. */
function countHosts({ rawHeaders }: IncomingMessage): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]?.toLowerCase() === 'host') count += 1;
  return count;
}

/** Reduces X-Forwarded-For, from which Fastify takes the client's address, to what proxies can have written. */
function keepForwardedAddresses({ headers }: IncomingMessage): void {
  const given = headers['x-forwarded-for'];
  if (given !== undefined) headers['x-forwarded-for'] = forwardedAddresses(String(given)).join(', ');
}

function setCommonHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.headers({ ...COMMON_HEADERS, 'x-request-id': request.id });
}

/** Answers bytes that are no HTTP request, and reach no route, with a problem document. */
function clientErrorHandler(error: Error & { code?: string }, socket: Socket): void {
  // The client was refused before.
  if (socket.destroyed || socket.writableEnded) return;
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusal =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new HeadersTooLargeError()
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? new RequestTimeoutError()
        : new BadRequestError();
  const problem = toProblem(refusal, newId());
  const body = JSON.stringify(problem);
  logNoRequest(socket, problem);
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
  // The client may keep its side of the connection open; this side does not wait for it.
  const deadline = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => {
    clearTimeout(deadline);
  });
}
