import type { IncomingMessage } from 'node:http';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { finalize, type Observable } from 'rxjs';
import type { Actor } from '../../../common/actor.js';
import { networkOf } from '../../../common/client.js';
import { PayloadTooLargeError, RequestTimeoutError, UnsupportedMediaTypeError } from '../../../common/errors/common.errors.js';
import { BodiesInFlight, type InFlightBytes } from '../../../common/http/in-flight.js';
import { parseJson } from '../../../common/json.js';
import { BODY_LIMIT, bodyOptionsOf } from './body-options.js';

/** A sender that is silent for this long in the middle of its body is taken to be gone. */
const SILENCE_MS = 10_000;
/** Time for a whole body. */
const BODY_MS = 60_000;

const WITHOUT_BODY = new Set(['GET', 'HEAD', 'TRACE']);

type BodyRequest = FastifyRequest & { user?: Actor; rawBody?: Buffer };

/**
 * Reads the bodies of requests. Nest runs interceptors after guards, so the body of a request that the throttle or the
 * access guard refuses takes no memory.
 */
@Injectable()
export class BodyInterceptor implements NestInterceptor {
  constructor(private readonly bodies: BodiesInFlight) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<BodyRequest>();
    const { streamsBody = false } = bodyOptionsOf(request.routeOptions);
    return streamsBody || WITHOUT_BODY.has(request.method) || isEmpty(request) ? next.handle() : this.handleWithBody(request, next);
  }

  private async handleWithBody(request: BodyRequest, next: CallHandler): Promise<Observable<unknown>> {
    const { bodyLimit = BODY_LIMIT, readsBody = false } = bodyOptionsOf(request.routeOptions);
    assertReadable(request);
    const { 'content-length': length } = request.headers;
    const declared = length === undefined ? null : Number(length);
    if (declared !== null && declared > bodyLimit) throw new PayloadTooLargeError();
    let releaseBytes: (() => void) | null = null;
    const reserve = () => {
      const bytes = declared ?? bodyLimit;
      releaseBytes ??= this.budgetOf(request, bytes, readsBody).take(holderOf(request), bytes);
    };
    const release = () => releaseBytes?.();
    try {
      if (declared !== null && declared > this.bodies.uncounted) reserve();
      const body = await readBody(request.raw, bodyLimit, (size) => {
        if (size > this.bodies.uncounted) reserve();
      });
      if (readsBody) request.rawBody = body;
      else request.body = parseJson(body);
    } catch (error) {
      release();
      throw error;
    }
    return next.handle().pipe(finalize(release));
  }

  private budgetOf({ user }: BodyRequest, bytes: number, readsBody: boolean): InFlightBytes {
    if (bytes > BODY_LIMIT) return this.bodies.large;
    if (user) return this.bodies.ofUsers;
    return readsBody ? this.bodies.ofWebhooks : this.bodies.ofStrangers;
  }
}

const isEmpty = ({ headers }: FastifyRequest): boolean =>
  headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;

const holderOf = ({ user, ip }: BodyRequest): string => user?.userId ?? networkOf(ip);

/** @throws UnsupportedMediaTypeError */
function assertReadable({ headers }: FastifyRequest): void {
  const isJson = /^application\/json[\t ]*(?:;|$)/i.test(headers['content-type'] ?? '');
  if (!isJson || (headers['content-encoding'] ?? 'identity') !== 'identity') throw new UnsupportedMediaTypeError();
}

/**
 * Reads a whole body.
 *
 * @param onGrowth is called with the size after each chunk; an error that it throws ends the reading
 * @throws PayloadTooLargeError past `limit` bytes, RequestTimeoutError when the sender is silent or takes too long, and
 *   an error with the status 400 when it leaves
 */
function readBody(stream: IncomingMessage, limit: number, onGrowth: (size: number) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const startedAt = performance.now();
    let size = 0;
    const settle = (error: Error | null) => {
      clearTimeout(silence);
      stream.off('data', onData).off('end', onEnd).off('close', onLeave).off('error', onLeave);
      // The rest of a refused body stays unread, and its errors are ignored.
      stream.on('error', () => undefined).pause();
      if (error) reject(error);
      else resolve(Buffer.concat(chunks, size));
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      silence.refresh();
      try {
        if (size > limit) throw new PayloadTooLargeError();
        if (performance.now() - startedAt > BODY_MS) throw new RequestTimeoutError();
        onGrowth(size);
      } catch (error) {
        settle(error as Error);
      }
    };
    const onEnd = () => {
      settle(null);
    };
    const onLeave = () => {
      settle(Object.assign(new Error('The client left in the middle of its body'), { code: 'ECONNRESET', statusCode: 400 }));
    };
    const silence = setTimeout(() => {
      settle(new RequestTimeoutError());
    }, SILENCE_MS);
    if (stream.destroyed) onLeave();
    else stream.on('data', onData).on('end', onEnd).on('close', onLeave).on('error', onLeave);
  });
}
