import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { LiveConnections } from '../../../common/http/live-connections.js';
import { SessionsService } from '../sessions.service.js';

/** With what a check takes, whatever ends acts within a second. */
const CHECK_MS = 750;

/** Cuts the open answers of sessions that have ended and of users who were disabled: one query at a time for all answers of this process. */
@Injectable()
export class SessionWatch implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(SessionWatch.name);
  private timer: NodeJS.Timeout | null = null;
  private isChecking = false;

  constructor(
    private readonly streams: LiveConnections,
    private readonly sessions: SessionsService,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.check(), CHECK_MS);
  }

  onApplicationShutdown(): void {
    if (this.timer) clearInterval(this.timer);
  }

  private async check(): Promise<void> {
    const open = this.streams.sessionIds;
    if (this.isChecking || open.length === 0) return;
    this.isChecking = true;
    try {
      const live = await this.sessions.liveOf(open);
      for (const id of open) if (!live.has(id)) this.streams.cutSession(id);
    } catch (error) {
      // Nobody can be told apart while the database is away; the next check is soon.
      this.logger.warn(`could not check the sessions of open streams: ${String(error)}`);
    } finally {
      this.isChecking = false;
    }
  }
}
