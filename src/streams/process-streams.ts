import { EventEmitter } from 'node:events';
import { type Batch, StreamReader } from './stream-reader.js';
import { Signals } from './signals.js';
import {
  type AppendResult,
  checkEntries,
  type EntryId,
  isAfter,
  type StreamEntry,
  type StreamOptions,
  type StreamState,
  StreamStore,
} from './stream-store.js';

/** Most entries of one batch. */
const BATCH = 256;
const SWEEP_MS = 1_000;

interface Stream {
  readonly attempt: number;
  readonly entries: StreamEntry[];
  bytes: number;
  ended: boolean;
  expiresAt: number;
}

/** Streams in the memory of this process. */
export class ProcessStreams extends StreamStore {
  private readonly streams = new Map<string, Stream>();
  private readonly watchers = new Map<string, Set<() => void>>();

  constructor(private readonly options: StreamOptions) {
    super();
    setInterval(() => {
      this.sweep();
    }, SWEEP_MS).unref();
  }

  append(streamId: string, entries: readonly StreamEntry[], after: number | null): Promise<AppendResult> {
    checkEntries(entries);
    const { attempt } = entries[0];
    const found = this.find(streamId);
    if (found && (found.attempt > attempt || (found.attempt === attempt && found.ended))) return Promise.resolve('superseded');
    const stream = found?.attempt === attempt ? found : null;
    const newest = stream?.entries.at(-1)?.n ?? 0;
    if (after !== null && newest < after) return Promise.resolve('lost');
    const added = entries.filter(({ n }) => n > newest);
    const bytes = added.reduce((sum, { data }) => sum + Buffer.byteLength(data), stream?.bytes ?? 0);
    if (bytes > this.options.maxBytes) return Promise.resolve('full');
    const expiresAt = Date.now() + this.options.ttlMs;
    if (stream) {
      stream.entries.push(...added);
      Object.assign(stream, { bytes, expiresAt });
    } else this.streams.set(streamId, { attempt, entries: added, bytes, ended: false, expiresAt });
    if (added.length > 0) this.ring(streamId);
    return Promise.resolve('appended');
  }

  end(streamId: string, attempt: number): Promise<boolean> {
    const found = this.find(streamId);
    if (found && found.attempt > attempt) return Promise.resolve(false);
    const stream = found?.attempt === attempt ? found : { attempt, entries: [], bytes: 0 };
    this.streams.set(streamId, { ...stream, ended: true, expiresAt: Date.now() + this.options.endedTtlMs });
    this.ring(streamId);
    return Promise.resolve(true);
  }

  read(streamId: string, after: EntryId | null, signal: AbortSignal): AsyncIterableIterator<readonly StreamEntry[]> {
    const source = {
      watch: (ring: () => void) => this.watch(streamId, ring),
      look: (position: EntryId | null) => this.look(streamId, position),
    };
    return new StreamReader(source, after, signal);
  }

  state(streamId: string): Promise<StreamState | null> {
    const stream = this.find(streamId);
    if (!stream) return Promise.resolve(null);
    return Promise.resolve({ attempt: stream.attempt, n: stream.entries.at(-1)?.n ?? 0, ended: stream.ended });
  }

  private look(streamId: string, after: EntryId | null): Batch {
    const stream = this.find(streamId);
    if (!stream) return { entries: [], ended: false, more: false };
    let begin = stream.entries.length;
    // The search begins at the end, because readers are rarely far behind.
    for (let entry = stream.entries[begin - 1]; entry && isAfter(entry, after); entry = stream.entries[begin - 1]) begin -= 1;
    const entries = stream.entries.slice(begin, begin + BATCH);
    const more = begin + BATCH < stream.entries.length;
    return { entries, more, ended: stream.ended && !more };
  }

  private watch(streamId: string, ring: () => void): () => void {
    const rings = this.watchers.get(streamId) ?? new Set();
    this.watchers.set(streamId, rings.add(ring));
    ring();
    return () => {
      rings.delete(ring);
      if (rings.size === 0 && this.watchers.get(streamId) === rings) this.watchers.delete(streamId);
    };
  }

  private ring(streamId: string): void {
    for (const ring of this.watchers.get(streamId) ?? []) ring();
  }

  private find(streamId: string): Stream | null {
    const stream = this.streams.get(streamId);
    return stream && stream.expiresAt > Date.now() ? stream : null;
  }

  private sweep(): void {
    const now = Date.now();
    for (const [streamId, { expiresAt }] of this.streams) if (expiresAt <= now) this.streams.delete(streamId);
  }
}

/** Signals within this process. */
export class ProcessSignals extends Signals {
  private readonly emitter = new EventEmitter().setMaxListeners(0);

  /** Listeners are called later, as they are across processes. */
  publish(topic: string, message: string): void {
    setImmediate(() => this.emitter.emit(topic, message));
  }

  listen(topic: string, listener: (message: string) => void): () => void {
    this.emitter.on(topic, listener);
    return () => {
      this.emitter.off(topic, listener);
    };
  }
}
