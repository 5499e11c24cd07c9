import { Injectable } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { ServiceBudgetReachedError } from '../messages.errors.js';
import { UsageRepository } from './usage.repository.js';

/** A process reads the sum over a day's roll-ups at most once in this time. */
const FRESH_MS = 1_000;

/** What the calls of a UTC day have cost, and may cost, in millionths of a US dollar. */
export interface DayBudget {
  readonly spentMicros: number;
  /** Null without a budget. */
  readonly limitMicros: number | null;
  readonly resetsAt: Date;
}

interface State {
  readonly isReached: boolean;
  readonly now: Date;
  readonly resetsAt: Date;
}

/**
 * The budget of the service for models in a UTC day, over all processes. When it is checked before each call, the
 * spending exceeds it by no more than the calls that run at that moment.
 */
@Injectable()
export class BudgetService {
  private readonly limitMicros: number | null;
  private state: Promise<State> | null = null;
  private readAt = 0;

  constructor(
    private readonly usage: UsageRepository,
    @InjectConfig() { GEMINI_DAILY_BUDGET_USD }: Config,
  ) {
    this.limitMicros = GEMINI_DAILY_BUDGET_USD === undefined ? null : GEMINI_DAILY_BUDGET_USD * 1_000_000;
  }

  async isReached(): Promise<boolean> {
    return (await this.resetsInMs()) !== null;
  }

  /** The time until the budget is reset; null while it is not reached. */
  async resetsInMs(): Promise<number | null> {
    const state = await this.read();
    return state?.isReached ? state.resetsAt.getTime() - state.now.getTime() : null;
  }

  /** The present day, whether there is a budget or not. */
  async getDay(): Promise<DayBudget> {
    const { micros, resets_at: resetsAt } = await this.usage.spentToday();
    return { spentMicros: micros, limitMicros: this.limitMicros, resetsAt };
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
      const state = this.readState(limitMicros);
      this.state = state;
      // A failure goes to those who wait for it now; the next call reads again.
      state.catch(() => {
        if (this.state === state) this.state = null;
      });
    }
    return this.state;
  }

  private async readState(limitMicros: number): Promise<State> {
    const { micros, now, resets_at: resetsAt } = await this.usage.spentToday();
    return { isReached: micros >= limitMicros, now, resetsAt };
  }
}
