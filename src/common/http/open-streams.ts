import { type BeforeApplicationShutdown, Global, Injectable, Module } from '@nestjs/common';

/** An answer that is still being made or written. */
interface OpenAnswer {
  readonly sessionId: string;
  /** Ends it. */
  cut(): void;
}

/** An answer that goes on for as long as there is something to tell. Once cut, its reader may come again. */
export interface OpenStream extends OpenAnswer {
  readonly userId: string;
}

/**
 * What this process answers signed-in users at the moment: it is cut when their session ends. Streams are also counted, and cut when the process
 * stops; other answers have an end of their own.
 */
@Injectable()
export class OpenStreams implements BeforeApplicationShutdown {
  private readonly streams = new Set<OpenStream>();
  private readonly answers = new Set<OpenAnswer>();

  /** @returns what takes it off the list */
  add(stream: OpenStream): () => void {
    this.streams.add(stream);
    return () => {
      this.streams.delete(stream);
    };
  }

  /** @returns what takes it off the list */
  addAnswer(answer: OpenAnswer): () => void {
    this.answers.add(answer);
    return () => {
      this.answers.delete(answer);
    };
  }

  countOf(userId: string): number {
    let count = 0;
    for (const stream of this.streams) if (stream.userId === userId) count += 1;
    return count;
  }

  get sessionIds(): string[] {
    return [...new Set([...this.streams, ...this.answers].map(({ sessionId }) => sessionId))];
  }

  cutSession(sessionId: string): void {
    for (const open of [...this.streams, ...this.answers]) if (open.sessionId === sessionId) open.cut();
  }

  beforeApplicationShutdown(): void {
    for (const stream of this.streams) stream.cut();
  }
}

@Global()
@Module({ providers: [OpenStreams], exports: [OpenStreams] })
export class OpenStreamsModule {}
