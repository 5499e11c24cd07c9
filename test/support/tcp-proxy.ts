import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that stays at one port wherever the server is, and that can be cut or go silent. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private frozen = false;

  private constructor(
    private readonly server: Server,
    readonly port: number,
    /** Where new connections lead on 127.0.0.1; null resets them when their client begins to write. */
    public target: number | null,
  ) {}

  static async open(target: number | null): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const proxy = new TcpProxy(server, address.port, target);
    server.on('connection', (socket) => {
      proxy.relay(socket);
    });
    return proxy;
  }

  /**
   * From now on nothing is passed on, in either direction, and no connection ends: what a machine that lost its network
   * looks like.
   */
  freeze(): void {
    this.frozen = true;
    for (const socket of this.sockets) socket.pause();
  }

  /** As when the network is back: what is open goes on. */
  thaw(): void {
    this.frozen = false;
    for (const socket of this.sockets) socket.resume();
  }

  /** What is open now is never heard of again, though no connection ends; new connections work. */
  forget(): void {
    for (const socket of this.sockets) {
      socket.removeAllListeners('data').removeAllListeners('end').removeAllListeners('drain').pause();
    }
  }

  /** Breaks every connection. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, 'close');
  }

  private relay(client: Socket): void {
    if (this.target === null) {
      // Not before the client has written: Node's fetch waits for ever on a connection that is reset while it opens.
      client.on('error', () => undefined).once('data', () => client.resetAndDestroy());
      return;
    }
    const server = connect({ port: this.target, host: '127.0.0.1', allowHalfOpen: true });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (chunk) => {
        if (!to.write(chunk)) from.pause();
      });
      to.on('drain', () => {
        if (!this.frozen) from.resume();
      });
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.sockets.delete(from);
        if (!this.frozen) to.destroy();
      });
      if (this.frozen) from.pause();
    }
  }
}
