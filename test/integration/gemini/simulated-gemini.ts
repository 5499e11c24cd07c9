import {
  GeminiClient,
  type GeminiClientOptions,
  GeminiError,
  type GenerateEvent,
  type GenerateRequest,
} from '../../../src/integrations/gemini/index.js';
import { type Journal as JournalOfSimulator } from '../../../simulators/gemini/journal.js';
import { type GeminiSimulator, startGeminiSimulator } from '../../../simulators/gemini/gemini-simulator.js';

type Journal = ReturnType<JournalOfSimulator['snapshot']>;

/** The real adapter against the simulator over HTTP. */
export class SimulatedGemini {
  private constructor(private readonly simulator: GeminiSimulator) {}

  static async start(options: { latencyMs?: number; chunkMs?: number; tokens?: number } = {}): Promise<SimulatedGemini> {
    return new SimulatedGemini(await startGeminiSimulator({ port: 0, latencyMs: 0, chunkMs: 0, ...options }));
  }

  get url(): string {
    return this.simulator.url;
  }

  stop(): Promise<void> {
    return this.simulator.stop();
  }

  client(options: Partial<GeminiClientOptions> = {}): GeminiClient {
    return new GeminiClient({
      apiKey: 'a-key',
      baseUrl: this.url,
      firstTokenTimeoutMs: 5000,
      idleTimeoutMs: 5000,
      totalTimeoutMs: 10_000,
      ...options,
    });
  }

  async control(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${this.url}/_simulator/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  }

  /** What the simulator was asked so far. */
  async journal(): Promise<Journal> {
    return (await this.control('GET', 'requests')).body as Journal;
  }

  /** What it was asked, once it has no request open. */
  async idle(): Promise<Journal> {
    const deadline = Date.now() + 5000;
    for (;;) {
      const journal = await this.journal();
      if (journal.open === 0) return journal;
      if (Date.now() > deadline) throw new Error(`${journal.open} requests are still open at the simulator`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

export function requestOf(text: string, more: Partial<GenerateRequest> = {}): GenerateRequest {
  return {
    model: 'gemini-flash-latest',
    systemInstruction: null,
    turns: [{ role: 'user', text }],
    maxOutputTokens: 65_536,
    signal: new AbortController().signal,
    ...more,
  };
}

/** All events of a stream, and what it threw in the end, if it did. */
export async function outcomeOf(stream: AsyncIterable<GenerateEvent>): Promise<{ events: GenerateEvent[]; error: unknown }> {
  const events: GenerateEvent[] = [];
  try {
    for await (const event of stream) events.push(event);
    return { events, error: null };
  } catch (error) {
    return { events, error: error instanceof GeminiError ? facts(error) : error };
  }
}

export function facts({ code, retryable, retryAfterMs, message }: GeminiError) {
  return { code, retryable, retryAfterMs, message };
}

export function textOf(events: readonly GenerateEvent[]): string {
  return events.map((event) => (event.type === 'text' ? event.text : '')).join('');
}
