import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../../../common/actor.js';
import { networkOf } from '../../../common/client.js';
import type { AnswersInFlight } from '../../../common/http/in-flight.js';
import { BODY_LIMIT } from './route-wishes.js';

/** A reader that takes nothing for this long is gone. */
const STALLED_MS = 20_000;
/** The longest that an answer may wait in memory for its reader. */
const READ_WITHIN_MS = 60_000;
/** How long a refused sender may go on before its connection is cut: it has the answer by then. */
const LINGER_MS = 2_000;

/** Ends connections whose clients do not read their answer, or go on sending after it, and bounds what waits for slow readers in memory. */
export function limitTransfers(server: FastifyInstance, answers: AnswersInFlight): void {
  server
    .addHook('onRequest', (_request, { raw }, done) => {
      // Node starts this timer anew with all progress of the socket, also within one large write.
      raw.setTimeout(STALLED_MS, () => {
        if (raw.socket !== null && raw.socket.writableLength > 0) raw.socket.destroy();
      });
      done();
    })
    .addHook('onSend', (request, reply, payload, done) => {
      if (isLeftUnread(request.raw)) closeSlowly(request.raw, reply);
      const bytes = sizeOf(payload);
      try {
        if (bytes > answers.uncounted) holdUntilRead(request, reply, bytes, answers);
        done(null, payload);
      } catch (error) {
        // What a write has done must be told.
        if (request.method === 'GET') done(error as Error);
        else done(null, payload);
      }
    })
    .addHook('onResponse', ({ raw }, _reply, done) => {
      // The rest of a smaller body comes in and is thrown away, for the sake of the next request on the connection.
      if (!raw.complete && !isLeftUnread(raw)) raw.once('end', cutAfter(raw.socket, LINGER_MS)).resume();
      done();
    });
}

/** In bytes, of what is in memory as a whole; a stream is read as fast as it is taken. */
const sizeOf = (payload: unknown): number => (typeof payload === 'string' || Buffer.isBuffer(payload) ? Buffer.byteLength(payload) : 0);

/** @throws TooMuchInFlightError */
function holdUntilRead(request: FastifyRequest & { user?: Actor }, { raw }: FastifyReply, bytes: number, answers: AnswersInFlight): void {
  const giveBack = answers.bytes.take(request.user?.userId ?? networkOf(request.ip), bytes);
  const deadline = setTimeout(() => raw.socket?.destroy(), READ_WITHIN_MS);
  raw.once('close', () => {
    clearTimeout(deadline);
    giveBack();
  });
}

/** Whether more of a body may come than anybody would wait for. */
const isLeftUnread = ({ complete, headers }: IncomingMessage): boolean =>
  !complete && (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > BODY_LIMIT);

/** Node would cut the connection with its last byte out, and the client, which still sends, could lose the answer over it. */
function closeSlowly({ socket }: IncomingMessage, reply: FastifyReply): void {
  reply.header('connection', 'close');
  socket.destroySoon = () => {
    socket.end();
    cutAfter(socket, LINGER_MS);
    // Node throws away what nobody has read of a body, however much it is. Now it does not even come in.
    setImmediate(() => socket.pause());
  };
}

/** @returns what lets the connection live */
function cutAfter(socket: Socket, ms: number): () => void {
  const timer = setTimeout(() => socket.destroy(), ms);
  const leave = () => {
    clearTimeout(timer);
  };
  socket.once('close', leave);
  return leave;
}
