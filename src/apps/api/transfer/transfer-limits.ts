import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../../../common/actor.js';
import { networkOf } from '../../../common/client.js';
import { type AnswersInFlight, holdUntilRead } from '../../../common/http/in-flight.js';
import { BODY_LIMIT } from './body-options.js';

/** A reader that takes nothing for this long is taken to be gone. */
const STALLED_MS = 20_000;
/** The longest time that an answer may wait in memory for its reader. */
const READ_WITHIN_MS = 60_000;
/** Time after which the connection of a refused sender is cut: it has the answer by then. */
const LINGER_MS = 2_000;

/**
 * Ends connections whose clients do not read their answer, or go on sending after it, and bounds the memory of answers
 * that wait for slow readers.
 */
export function limitTransfers(server: FastifyInstance, answers: AnswersInFlight): void {
  server
    .addHook('onRequest', (_request, { raw }, done) => {
      // Node restarts this timer with all progress of the socket, also within one large write.
      raw.setTimeout(STALLED_MS, () => {
        if (raw.socket !== null && raw.socket.writableLength > 0) raw.socket.destroy();
      });
      done();
    })
    .addHook('onSend', (request: FastifyRequest & { user?: Actor }, reply, payload, done) => {
      if (isLeftUnread(request.raw)) closeSlowly(request.raw, reply);
      const bytes = sizeOf(payload);
      try {
        if (bytes > answers.uncounted) {
          const holder = request.user?.userId ?? networkOf(request.ip);
          holdUntilRead(reply.raw, { budget: answers.bytes, holder, bytes, withinMs: READ_WITHIN_MS });
        }
        done(null, payload);
      } catch (error) {
        // The client must learn the result of a write.
        if (request.method === 'GET') done(error as Error);
        else done(null, payload);
      }
    })
    .addHook('onResponse', ({ raw }, _reply, done) => {
      // The rest of a smaller body is read and discarded, for the next request on the connection.
      if (!raw.complete && !isLeftUnread(raw)) raw.once('end', cutAfter(raw.socket, LINGER_MS)).resume();
      done();
    });
}

/** The size in bytes of a payload that is in memory as a whole. A stream is read as fast as the client takes it. */
const sizeOf = (payload: unknown): number => (typeof payload === 'string' || Buffer.isBuffer(payload) ? Buffer.byteLength(payload) : 0);

/** Whether the unread rest of a body may be too long to be read. */
const isLeftUnread = ({ complete, headers }: IncomingMessage): boolean =>
  !complete && (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > BODY_LIMIT);

/** Node would cut the connection after its last byte, and a client that is still sending could lose the answer. */
function closeSlowly({ socket }: IncomingMessage, reply: FastifyReply): void {
  reply.header('connection', 'close');
  socket.destroySoon = () => {
    socket.end();
    cutAfter(socket, LINGER_MS);
    // Node would read and discard the rest of the body, however long it is. A paused socket receives nothing.
    setImmediate(() => socket.pause());
  };
}

/** @returns a function that keeps the connection */
function cutAfter(socket: Socket, ms: number): () => void {
  const timer = setTimeout(() => socket.destroy(), ms);
  const leave = () => {
    clearTimeout(timer);
    socket.off('close', leave);
  };
  socket.once('close', leave);
  return leave;
}
