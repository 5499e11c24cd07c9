export interface LoggedEvent {
  /** `<milliseconds since 1970>-<number>`. Ids rise within a log. */
  readonly id: string;
  readonly data: string;
}

export interface LogListener {
  readonly onEvent: (event: LoggedEvent) => void;
  /**
   * Called when every event of the log reaches the listener from now on, and again when events may have been missed
   * since. It may be called before `listen` has returned.
   */
  readonly onLive: () => void;
}

export interface EventLogOptions {
  /** Time for which an event is kept, in milliseconds. */
  readonly keptMs: number;
  /** Most events that are kept of one log. */
  readonly maxEvents: number;
}

export const DEFAULT_LOG_OPTIONS: EventLogOptions = { keptMs: 10 * 60_000, maxEvents: 1_000 };

/**
 * Logs of short events that any process appends to and listens to. A log is a cache: it can vanish at any moment, and
 * an event can get lost, so that listeners need another way to notice that they have missed one.
 */
export abstract class EventLogs {
  /** It never fails and nothing waits for it. An event that cannot be appended is lost. */
  abstract append(logId: string, data: string): void;

  /** @returns a function that removes the listener */
  abstract listen(logId: string, listener: LogListener): () => void;

  /** The kept events, oldest first. @throws Error within two seconds when the logs cannot be reached */
  abstract read(logId: string): Promise<LoggedEvent[]>;

  /** Removes the kept events. It never fails: what cannot be removed within two seconds stays until its time ends. */
  abstract forget(logId: string): Promise<void>;
}

/** True when an id of a log comes after another one of the same log. */
export function isLater(id: string, other: string): boolean {
  const [at = 0, n = 0] = id.split('-').map(Number);
  const [otherAt = 0, otherN = 0] = other.split('-').map(Number);
  return at > otherAt || (at === otherAt && n > otherN);
}
