import { type BeforeApplicationShutdown, Global, Injectable, Module } from '@nestjs/common';

/** An answer that is still being written. */
export interface OpenStream {
  readonly userId: string;
  readonly sessionId: string;
  /** Cuts the connection: its reader may come again. */
  cut(): void;
}

/** The streams that this process serves at the moment, so that they can be counted, and cut when their session ends or the process stops. */
@Injectable()
export class OpenStreams implements BeforeApplicationShutdown {
  private readonly streams = new Set<OpenStream>();

  /** @returns what takes it off the list */
  add(stream: OpenStream): () => void {
    this.streams.add(stream);
    return () => {
      this.streams.delete(stream);
    };
  }

  countOf(userId: string): number {
    let count = 0;
    for (const stream of this.streams) if (stream.userId === userId) count += 1;
    return count;
  }

  get sessionIds(): string[] {
    return [...new Set([...this.streams].map(({ sessionId }) => sessionId))];
  }

  cutSession(sessionId: string): void {
    for (const stream of this.streams) if (stream.sessionId === sessionId) stream.cut();
  }

  beforeApplicationShutdown(): void {
    for (const stream of this.streams) stream.cut();
  }
}

@Global()
@Module({ providers: [OpenStreams], exports: [OpenStreams] })
export class OpenStreamsModule {}
