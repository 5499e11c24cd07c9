import type { Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../../common/actor.js';
import type { Problem } from '../../common/http/problem.js';

/** What orchestrators and collectors ask for every few seconds. */
const LEFT_OUT = /^\/(?:health|metrics)(?:\/|$)/;

export const isWatching = (route: string): boolean => LEFT_OUT.test(route);

interface LineNotes {
  /** The code of the problem that the request was answered with. */
  readonly problem?: string;
  readonly trace_id?: string;
}

/** Statuses of faults that `ProblemFilter` or their finder logs, once for all requests. */
const EXPLAINED: ReadonlySet<number> = new Set([502, 503]);

const logger = new Logger('Http');

/** Fields of the lines of requests that are known before the end of the answer. */
const notes = new WeakMap<FastifyRequest, LineNotes>();

/** The connections of requests that are being answered. */
const busy = new WeakSet<Socket>();

/** Adds fields to the line of a request. */
export function noteForLine(request: FastifyRequest, fields: LineNotes): void {
  notes.set(request, { ...notes.get(request), ...fields });
}

/**
 * Logs one line when the answer of a request has ended, however it did: as an error when something unexpected failed,
 * as a warning when a problem says what the service is without (502, 503), all else as information.
 */
export function logRequest(request: FastifyRequest, reply: FastifyReply): void {
  const route = request.routeOptions.url;
  if (route !== undefined && isWatching(route)) return;
  const { socket } = request.raw;
  busy.add(socket);
  reply.raw.once('close', () => {
    busy.delete(socket);
    const status = reply.raw.statusCode;
    const { user } = request as { user?: Actor };
    const line = {
      method: request.method,
      route: route ?? null,
      status,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      ...(user === undefined ? {} : { user_id: user.userId }),
      address: request.ip,
      request_id: request.id,
      ...notes.get(request),
      // The client left, or the connection was cut, before the answer's end.
      ...(reply.raw.writableFinished ? {} : { aborted: true }),
    };
    if (status < 500) logger.log('request', line);
    else if (line.problem !== undefined && EXPLAINED.has(status)) logger.warn('request', line);
    else logger.error('request', line);
  });
}

/** Logs bytes that are no HTTP request, unless they belong to a request, which gets a line of its own. */
export function logNoRequest(socket: Socket, { status, code, request_id }: Problem): void {
  if (busy.has(socket)) return;
  logger.log('request', { method: null, route: null, status, ms: null, address: socket.remoteAddress ?? null, request_id, problem: code });
}
