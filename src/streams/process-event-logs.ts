import { EventEmitter } from 'node:events';
import { type EventLogOptions, EventLogs, type LoggedEvent, type LogListener } from './event-logs.js';

const SWEEP_MS = 10_000;

interface KeptEvent extends LoggedEvent {
  readonly at: number;
}

/** Event logs in the memory of this process. */
export class ProcessEventLogs extends EventLogs {
  private readonly logs = new Map<string, KeptEvent[]>();
  private readonly emitter = new EventEmitter().setMaxListeners(0);
  /** The count is part of each id, so that ids rise whatever the clock does within a millisecond. */
  private count = 0;

  private sweptAt = Date.now();

  constructor(private readonly options: EventLogOptions) {
    super();
  }

  append(logId: string, data: string): void {
    const at = Date.now();
    if (at - this.sweptAt > SWEEP_MS) this.sweep(at);
    const event = { id: `${at}-${(this.count += 1)}`, data, at };
    this.logs.set(logId, [...this.kept(logId), event].slice(-this.options.maxEvents));
    // Listeners are called later, as they are across processes.
    setImmediate(() => this.emitter.emit(logId, { id: event.id, data }));
  }

  listen(logId: string, { onEvent, onLive }: LogListener): () => void {
    this.emitter.on(logId, onEvent);
    onLive();
    return () => {
      this.emitter.off(logId, onEvent);
    };
  }

  read(logId: string): Promise<LoggedEvent[]> {
    return Promise.resolve(this.kept(logId).map(({ id, data }) => ({ id, data })));
  }

  forget(logId: string): Promise<void> {
    this.logs.delete(logId);
    return Promise.resolve();
  }

  private kept(logId: string): KeptEvent[] {
    const since = Date.now() - this.options.keptMs;
    return (this.logs.get(logId) ?? []).filter(({ at }) => at > since);
  }

  private sweep(at: number): void {
    this.sweptAt = at;
    for (const logId of this.logs.keys()) if (this.kept(logId).length === 0) this.logs.delete(logId);
  }
}
