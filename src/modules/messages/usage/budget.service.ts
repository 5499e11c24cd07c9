import { Injectable } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Database } from '../../../database/database.js';
import { statement } from '../../../database/statement.js';
import { ServiceBudgetReachedError } from '../messages.errors.js';

const spent = statement<{ micros: number; now: Date; resets_at: Date }>(
  'budget_spent',
  `SELECT coalesce(sum(cost_micros), 0)::float8 AS micros, now()::timestamptz(3) AS now, date_trunc('day', now(), 'UTC') + interval '1 day' AS resets_at
   FROM model_hours WHERE hour >= date_trunc('day', now(), 'UTC')`,
);

/** The sum over a day's roll-ups is read once in this time by a process, however many ask. */
const FRESH_MS = 1_000;

interface State {
  readonly isReached: boolean;
  readonly now: Date;
  readonly resetsAt: Date;
}

/**
 * What the service may spend on models in a UTC day, over all processes. Who asks before each call overshoots it by no more than the calls that
 * run at that moment.
 */
@Injectable()
export class BudgetService {
  private readonly limitMicros: number | null;
  private state: Promise<State> | null = null;
  private readAt = 0;

  constructor(
    private readonly database: Database,
    @InjectConfig() { GEMINI_DAILY_BUDGET_USD }: Config,
  ) {
    this.limitMicros = GEMINI_DAILY_BUDGET_USD === undefined ? null : GEMINI_DAILY_BUDGET_USD * 1_000_000;
  }

  async isReached(): Promise<boolean> {
    return (await this.resetsInMs()) !== null;
  }

  /** How long nothing more may be spent; null while it may. */
  async resetsInMs(): Promise<number | null> {
    const state = await this.read();
    return state?.isReached ? state.resetsAt.getTime() - state.now.getTime() : null;
  }

  /** @throws ServiceBudgetReachedError */
  async assertNotReached(): Promise<void> {
    const state = await this.read();
    if (state?.isReached) throw new ServiceBudgetReachedError(state);
  }

  private async read(): Promise<State | null> {
    const { limitMicros } = this;
    if (limitMicros === null) return null;
    if (this.state === null || performance.now() - this.readAt > FRESH_MS) {
      this.readAt = performance.now();
      const asked = this.ask(limitMicros);
      this.state = asked;
      // What failed is told to those who wait for it now, and asked for again.
      asked.catch(() => {
        if (this.state === asked) this.state = null;
      });
    }
    return this.state;
  }

  private async ask(limitMicros: number): Promise<State> {
    const [row] = await this.database.run(spent, []);
    if (!row) throw new Error('a sum is one row');
    return { isReached: row.micros >= limitMicros, now: row.now, resetsAt: row.resets_at };
  }
}
