import { connect, type Socket } from 'node:net';
import type { ApiClient } from './api.js';

export interface RawAnswer {
  readonly status: number;
  readonly headers: string;
  readonly body: unknown;
}

/** A connection that the client never ends. Writes `text`, and reads one answer in JSON. */
export function openRaw({ origin }: Pick<ApiClient, 'origin'>, text: string | Buffer): { socket: Socket; answer: Promise<RawAnswer> } {
  const { hostname, port } = new URL(origin);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.write(text);
  const answer = new Promise<RawAnswer>((resolve, reject) => {
    let received = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      received += chunk;
      const [head = '', body = ''] = received.split('\r\n\r\n');
      const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? Infinity);
      if (body.length >= length) resolve({ status: Number(head.split(' ')[1]), headers: head, body: JSON.parse(body) as unknown });
    });
    socket.on('error', reject);
  });
  answer.catch(() => undefined);
  return { socket, answer };
}
