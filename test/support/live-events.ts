import type { ApiClient } from './api.js';
import { until } from './until.js';

/** A live event as a client gets it. */
export interface ReceivedLiveEvent {
  /** Empty for an event without one. */
  readonly id: string;
  readonly type: string;
  readonly chatroom_id?: string;
  readonly message_id?: string;
  readonly reply_id?: string;
  readonly status?: string;
  readonly at: string;
}

/** An open connection to live events, which collects what comes. */
export class LiveConnection {
  readonly events: ReceivedLiveEvent[] = [];
  isEnded = false;
  private rest = '';

  private constructor(
    readonly status: number,
    readonly headers: Headers,
    private readonly abort: AbortController,
  ) {}

  /** Resolves when the head of the response is there. */
  static async open(client: ApiClient, token: string, lastEventId?: string): Promise<LiveConnection> {
    const abort = new AbortController();
    const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    const response = await client.open('GET', '/user/me/events', { token, headers, signal: abort.signal });
    const connection = new LiveConnection(response.status, response.headers, abort);
    void connection.read(response);
    return connection;
  }

  get types(): string[] {
    return this.events.map(({ type }) => type);
  }

  get lastId(): string | undefined {
    return this.events.findLast(({ id }) => id !== '')?.id;
  }

  /** Waits for the first event of a type, or for as many events. */
  async until(wanted: string | number): Promise<ReceivedLiveEvent[]> {
    const isThere = () => (typeof wanted === 'number' ? this.events.length >= wanted : this.types.includes(wanted));
    await until(`${wanted} of ${JSON.stringify(this.types)}`, isThere, 20_000, 10);
    return this.events;
  }

  close(): void {
    this.abort.abort();
  }

  private async read(response: Response): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) this.take(decoder.decode(chunk, { stream: true }));
    } catch {
      // The connection was cut or closed.
    }
    this.isEnded = true;
  }

  private take(text: string): void {
    const frames = (this.rest + text).split('\n\n');
    this.rest = frames.pop() ?? '';
    for (const frame of frames) {
      const fields = new Map(frame.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
      const data = fields.get('data');
      if (data !== undefined) this.events.push({ ...(JSON.parse(data) as ReceivedLiveEvent), id: fields.get('id') ?? '' });
    }
  }
}
