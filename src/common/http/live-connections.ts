import { type BeforeApplicationShutdown, Global, Injectable, Module, SetMetadata } from '@nestjs/common';
import { defineError } from '../errors/app-error.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { Metrics } from '../metrics/metrics.js';

export class TooManyStreamsError extends defineError({
  code: 'too_many_streams',
  kind: 'rate_limited',
  title: 'Too many open streams',
  occurrence: (limit: number) => ({
    detail: `At most ${limit} streams of an account may be open at a time. Close one first.`,
    members: { limit },
    retryAfterSeconds: 5,
  }),
  example: 20,
}) {}

export type CutCause = 'session_ended' | 'stopping';

/** A response that is still being produced or written. */
interface LiveResponse {
  readonly sessionId: string;
  /** Ends the response. */
  cut(cause: CutCause): void;
}

/** A response without an end of its own. A reader whose stream was cut may open it again. */
export interface LiveStream extends LiveResponse {
  readonly userId: string;
}

const ENDS_ITSELF = 'ends_with_its_session';

/** Marks a handler that adds a stream which says itself that its session has ended. Others are only cut. */
export const EndsWithItsSession = () => SetMetadata(ENDS_ITSELF, true);
EndsWithItsSession.KEY = ENDS_ITSELF;

/**
 * The responses to signed-in users that this process is writing. They are cut when their session ends. Streams are also
 * counted by user, and cut when the process stops; other responses end by themselves.
 */
@Injectable()
export class LiveConnections implements BeforeApplicationShutdown {
  private readonly streams = new Map<string, Set<LiveStream>>();
  private readonly responses = new Set<LiveResponse>();

  constructor(metrics: Metrics) {
    metrics.observe({ open_streams: { help: 'Event streams that this process is writing.' } }, () => ({
      open_streams: [...this.streams.values()].reduce((sum, { size }) => sum + size, 0),
    }));
  }

  /**
   * @param limit the streams that a user may have open in this process
   * @returns a function that removes the stream
   * @throws TooManyStreamsError
   */
  add(stream: LiveStream, limit: number): () => void {
    const { userId } = stream;
    const streams = this.streams.get(userId) ?? new Set();
    if (streams.size >= limit) throw new TooManyStreamsError(limit);
    this.streams.set(userId, streams.add(stream));
    return () => {
      streams.delete(stream);
      if (streams.size === 0 && this.streams.get(userId) === streams) this.streams.delete(userId);
    };
  }

  /** @returns a function that removes the response */
  addResponse(response: LiveResponse): () => void {
    this.responses.add(response);
    return () => {
      this.responses.delete(response);
    };
  }

  get sessionIds(): string[] {
    return [...new Set(this.all.map(({ sessionId }) => sessionId))];
  }

  cutSession(sessionId: string): void {
    for (const connection of this.all) if (connection.sessionId === sessionId) connection.cut('session_ended');
  }

  beforeApplicationShutdown(): void {
    for (const streams of this.streams.values()) for (const stream of [...streams]) stream.cut('stopping');
  }

  private get all(): LiveResponse[] {
    return [...[...this.streams.values()].flatMap((streams) => [...streams]), ...this.responses];
  }
}

@Global()
@Module({ imports: [MetricsModule], providers: [LiveConnections], exports: [LiveConnections] })
export class LiveConnectionsModule {}
