import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../../../common/actor.js';
import { EVENT_STREAM, PushedEventStream } from '../../../common/http/event-stream.js';
import { type CutCause, LiveConnections } from '../../../common/http/live-connections.js';
import { Metrics } from '../../../common/metrics/metrics.js';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { EventLogs } from '../../../streams/event-logs.js';
import { Listener } from './listener.js';
import { UserStatesRepository } from './user-states.repository.js';

/** A change of the plan is told within this time, together with the duration of a check. */
const CHECK_MS = 750;

/** The open connections of this process to live events. One query at a time reads the states of all their users. */
@Injectable()
export class LiveListenersService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(LiveListenersService.name);
  private readonly listeners = new Set<Listener>();
  private readonly slow;
  private timer: NodeJS.Timeout | null = null;
  private isChecking = false;

  constructor(
    private readonly logs: EventLogs,
    private readonly states: UserStatesRepository,
    private readonly open: LiveConnections,
    metrics: Metrics,
    @InjectConfig() private readonly config: Config,
  ) {
    metrics.observe({ live_event_listeners: { help: 'Open connections to live events.' } }, () => ({
      live_event_listeners: this.listeners.size,
    }));
    this.slow = metrics.counter(
      'live_event_listeners_cut_total',
      'Connections to live events that were cut because their reader had fallen behind.',
      [],
    );
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.checkAll(), CHECK_MS);
  }

  onApplicationShutdown(): void {
    if (this.timer) clearInterval(this.timer);
  }

  /** Answers with the user's live events, after `Last-Event-ID` if there is one. @throws TooManyStreamsError */
  async listen({ userId, sessionId }: Actor, { method, headers }: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (method === 'HEAD') {
      await reply.type(EVENT_STREAM).send();
      return;
    }
    const last = headers['last-event-id'];
    let stream: PushedEventStream | null = null;
    /** What is written before the head of the response. */
    let first = '';
    let cause: CutCause | null = null;
    const cut = (because: CutCause) => {
      cause ??= because;
      if (because === 'stopping') stream?.cut();
      else stream?.end(SESSION_ENDED());
    };
    const leave = this.open.add({ userId, sessionId, cut }, this.config.MAX_STREAMS);
    const listener = new Listener(userId, {
      logs: this.logs,
      readState: () => this.states.stateOf(userId),
      write: (frames) => {
        if (stream) stream.write(frames);
        else first += frames;
      },
    });
    const close = () => {
      this.listeners.delete(listener);
      listener.close();
      leave();
    };
    try {
      // A user who is gone has no session either.
      if (!(await listener.begin(typeof last === 'string' && last !== '' ? last : undefined))) cause ??= 'session_ended';
    } catch (error) {
      close();
      throw error;
    }
    this.listeners.add(listener);
    stream = new PushedEventStream(reply, {
      onClose: close,
      onSlow: () => {
        this.slow.inc();
      },
    });
    if (first !== '') stream.write(first);
    if (cause !== null) cut(cause);
  }

  private async checkAll(): Promise<void> {
    if (this.isChecking || this.listeners.size === 0) return;
    this.isChecking = true;
    try {
      const listeners = [...this.listeners];
      const users = [...new Set(listeners.map(({ userId }) => userId))];
      const found = await Promise.all(users.map((userId) => this.states.stateOf(userId)));
      const states = new Map(users.map((userId, i) => [userId, found[i] ?? null]));
      await Promise.all(
        listeners.map(async (listener) => {
          const state = states.get(listener.userId) ?? null;
          if (listener.needsReset) await listener.reset();
          else if (state !== null) listener.check(state);
        }),
      );
    } catch (error) {
      // While the database is unreachable nothing is committed either. The next check comes soon.
      this.logger.warn(`could not check the listeners: ${String(error)}`);
    } finally {
      this.isChecking = false;
    }
  }
}

const SESSION_ENDED = (): string => `data: ${JSON.stringify({ type: 'session.ended', at: new Date().toISOString() })}\n\n`;
