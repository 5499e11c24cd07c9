import { type EventLogs, isLater, type LoggedEvent } from '../../../streams/event-logs.js';
import { logIdOf } from '../live-events.service.js';
import type { Change, LiveEvent } from '../live-event.js';
import { ChangeOrder } from './change-order.js';
import { parsePosition, type Position, toEventId, type UserState } from './position.js';

/** Changes that wait for an earlier one, or for the log to be read. With more the listener reads everything again. */
const MAX_WAITING = 1_000;
/** A committed change that has not arrived within this time is lost: its process died, or Redis lost it. */
const LOST_AFTER_MS = 3_000;
/** The wait for the connection to the logs. A listener that begins without one gets a `reset` when it is back. */
const LIVE_WITHIN_MS = 1_000;

interface Listening {
  readonly logs: EventLogs;
  readonly readState: () => Promise<UserState | null>;
  readonly write: (frames: string) => void;
}

/**
 * One open connection of a user: it makes frames of the changes in the user's log, each change once, in the order of
 * the list's versions. Where a change may be missing it writes `reset`. PostgreSQL is the measure: its version of the
 * list says what a listener must have been told.
 */
export class Listener {
  private log = '0-0';
  private subscription = '';
  private order = new ChangeOrder(0);
  /** Events that arrived while the log was being read; null otherwise. */
  private arrived: LoggedEvent[] | null = [];
  /** The log or the state could not be read since something may have been missed. */
  private isStale = false;
  private behind: { readonly version: number; readonly since: number } | null = null;
  private readonly leave: () => void;
  private onFirstLive: (() => void) | null = null;

  constructor(
    readonly userId: string,
    private readonly on: Listening,
  ) {
    this.leave = on.logs.listen(logIdOf(userId), {
      onEvent: (event) => {
        this.receive(event);
      },
      onLive: () => {
        if (this.onFirstLive) this.onFirstLive();
        else this.isStale = true;
      },
    });
  }

  /**
   * Begins after `lastEventId`, or with `reset` where what followed it cannot be replayed; without it, now. What is
   * committed after this resolves is told.
   *
   * @returns false when there is no such user any more
   * @throws an error of the database
   */
  async begin(lastEventId: string | undefined): Promise<boolean> {
    const isLive = await this.becomesLive();
    const events = await this.readLog();
    const state = await this.on.readState();
    if (state === null) return false;
    const from = parsePosition(lastEventId);
    if (events && from && events.some(({ id }) => id === from.log)) this.resume(from, events);
    else this.start(state, { log: events?.at(-1)?.id, isReset: lastEventId !== undefined });
    this.isStale ||= !isLive || events === null;
    this.check(state);
    return true;
  }

  /** Compares with the state of the user, which is read again and again: what was not told by then is made up for. */
  check(state: UserState): void {
    if (this.arrived) return;
    const { version } = this.order;
    if (state.subscription !== this.subscription) {
      this.subscription = state.subscription;
      this.write([eventNow('subscription.updated')]);
    }
    if (state.version <= version) this.behind = null;
    else if (!this.behind || version >= this.behind.version) this.behind = { version: state.version, since: performance.now() };
    else if (performance.now() - this.behind.since >= LOST_AFTER_MS) this.start(state, { isReset: true });
  }

  /** Something may have been missed, and the connection to the logs is back or may be. */
  get needsReset(): boolean {
    return this.isStale && this.arrived === null;
  }

  /** Writes `reset` if the log and the state can be read again. */
  async reset(): Promise<void> {
    this.isStale = false;
    this.arrived = [];
    const events = await this.readLog();
    const state = await this.on.readState().catch(() => null);
    if (events === null || state === null) {
      this.isStale = true;
      this.arrived = null;
    } else this.start(state, { log: events.at(-1)?.id, isReset: true });
  }

  close(): void {
    this.leave();
    this.onFirstLive = null;
  }

  private becomesLive(): Promise<boolean> {
    return new Promise((resolve) => {
      const timeout = setTimeout(() => {
        this.onFirstLive = null;
        resolve(false);
      }, LIVE_WITHIN_MS);
      this.onFirstLive = () => {
        clearTimeout(timeout);
        this.onFirstLive = null;
        resolve(true);
      };
      if (!this.isStale) return;
      this.isStale = false;
      this.onFirstLive();
    });
  }

  private readLog(): Promise<LoggedEvent[] | null> {
    return this.on.logs.read(logIdOf(this.userId)).catch(() => null);
  }

  /** What is told from here on comes after `state`, with the events that have arrived meanwhile. */
  private start({ version, subscription }: UserState, { log, isReset }: { log?: string | undefined; isReset: boolean }): void {
    const arrived = this.arrived?.filter(({ id }) => log === undefined || isLater(id, log)) ?? [];
    Object.assign(this, { log: log ?? this.log, subscription, behind: null, arrived: null });
    const due = this.order.goOnAfter(version);
    if (isReset) this.write([eventNow('reset')], version);
    for (const { events } of due) this.write(events);
    for (const event of arrived) this.receive(event);
  }

  private resume(from: Position, events: readonly LoggedEvent[]): void {
    const newest = events.at(-1)?.id ?? from.log;
    const arrived = this.arrived?.filter(({ id }) => isLater(id, newest)) ?? [];
    Object.assign(this, { log: from.log, subscription: from.subscription, order: new ChangeOrder(from.version), arrived: null });
    for (const event of events) {
      const { raises, version } = toChange(event);
      // A change that was published before the position may have been held, because one before it was missing.
      if (raises || version > from.version || isLater(event.id, from.log)) this.receive(event);
    }
    for (const event of arrived) this.receive(event);
  }

  private receive(event: LoggedEvent): void {
    if (this.arrived) {
      if (this.arrived.length < MAX_WAITING) this.arrived.push(event);
      else this.isStale = true;
      return;
    }
    if (isLater(event.id, this.log)) this.log = event.id;
    for (const { events } of this.order.take(toChange(event))) this.write(events);
    if (this.order.heldCount > MAX_WAITING) this.isStale = true;
  }

  /** The id is that of the last event, so that a client that was cut among them gets all of them again. */
  private write(events: readonly LiveEvent[], version = this.order.version): void {
    const id = `id: ${toEventId({ log: this.log, version, subscription: this.subscription })}\n`;
    this.on.write(events.map((event, i) => `${i === events.length - 1 ? id : ''}data: ${JSON.stringify(event)}\n\n`).join(''));
  }
}

const toChange = ({ data }: LoggedEvent): Change => JSON.parse(data) as Change;

const eventNow = (type: LiveEvent['type']): LiveEvent => ({ type, at: new Date().toISOString() });
