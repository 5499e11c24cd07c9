import { Injectable } from '@nestjs/common';
import { EventLogs } from '../../streams/event-logs.js';
import type { Change, LiveEvent } from './live-event.js';

type NewEvent = Omit<LiveEvent, 'at'>;

/** Tells a user's listeners, in all processes, what was committed. */
@Injectable()
export class LiveEventsService {
  constructor(private readonly logs: EventLogs) {}

  /**
   * Tells of a transaction that has raised the version of the user's list by one. It is called after the commit, and
   * never fails: listeners notice a version whose change does not reach them, and read everything again.
   */
  changed(userId: string, version: number, ...events: readonly NewEvent[]): void {
    this.append(userId, { version, raises: true, events: events.map(withTime) });
  }

  /** Tells of a change that leaves the list as it is. @param version that of the list when the change was made */
  happened(userId: string, version: number, event: NewEvent): void {
    this.append(userId, { version, raises: false, events: [withTime(event)] });
  }

  /** Removes what listeners of the user could still be told. */
  forget(userId: string): Promise<void> {
    return this.logs.forget(logIdOf(userId));
  }

  private append(userId: string, change: Change): void {
    this.logs.append(logIdOf(userId), JSON.stringify(change));
  }
}

/** The log of a user's changes. */
export const logIdOf = (userId: string): string => `changes:${userId}`;

const withTime = (event: NewEvent): LiveEvent => ({ ...event, at: new Date().toISOString() });
