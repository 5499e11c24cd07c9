import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { LiveConnections } from '../../../common/http/live-connections.js';
import { SessionsService } from '../sessions.service.js';

/** Together with the duration of a check, the end of a session takes effect within a second. */
const CHECK_MS = 750;

/**
 * Cuts the open responses of sessions that have ended and of users who were disabled. One query at a time checks all
 * open responses of this process.
 */
@Injectable()
export class SessionWatchService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(SessionWatchService.name);
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
      // While the database is unreachable nothing is cut. The next check comes soon.
      this.logger.warn(`could not check the sessions of open streams: ${String(error)}`);
    } finally {
      this.isChecking = false;
    }
  }
}
