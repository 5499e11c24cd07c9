import { type BeforeApplicationShutdown, Global, Injectable, Module } from '@nestjs/common';

/** A response that is still being produced or written. */
interface LiveResponse {
  readonly sessionId: string;
  /** Ends the response. */
  cut(): void;
}

/** A response without an end of its own. A reader whose stream was cut may open it again. */
export interface LiveStream extends LiveResponse {
  readonly userId: string;
}

/**
 * The responses to signed-in users that this process is writing. They are cut when their session ends. Streams are also
 * counted by user, and cut when the process stops; other responses end by themselves.
 */
@Injectable()
export class LiveConnections implements BeforeApplicationShutdown {
  private readonly streams = new Set<LiveStream>();
  private readonly responses = new Set<LiveResponse>();

  /** @returns a function that removes the stream */
  add(stream: LiveStream): () => void {
    this.streams.add(stream);
    return () => {
      this.streams.delete(stream);
    };
  }

  /** @returns a function that removes the response */
  addResponse(response: LiveResponse): () => void {
    this.responses.add(response);
    return () => {
      this.responses.delete(response);
    };
  }

  /** The number of open streams of a user. */
  countOf(userId: string): number {
    let count = 0;
    for (const stream of this.streams) if (stream.userId === userId) count += 1;
    return count;
  }

  get sessionIds(): string[] {
    return [...new Set([...this.streams, ...this.responses].map(({ sessionId }) => sessionId))];
  }

  cutSession(sessionId: string): void {
    for (const connection of [...this.streams, ...this.responses]) if (connection.sessionId === sessionId) connection.cut();
  }

  beforeApplicationShutdown(): void {
    for (const stream of this.streams) stream.cut();
  }
}

@Global()
@Module({ providers: [LiveConnections], exports: [LiveConnections] })
export class LiveConnectionsModule {}
