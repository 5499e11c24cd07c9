import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Database } from '../../../database/database.js';
import { Schedule } from '../../../database/schedule.js';
import { StripeAccount } from '../../../integrations/stripe/index.js';
import { type BillingJob, BillingQueue } from '../billing.queue.js';
import { CustomersRepository } from '../customers.repository.js';
import { StripeEventsRepository } from '../stripe-events.repository.js';

const SWEEP_LOCK = 7_164_201_958;
const RECONCILE_LOCK = 7_164_201_959;
const BATCH = 500;

/** Makes the jobs that are due: events whose job got lost or failed, customers to look at, customers to let go, Stripe's list to read. */
@Injectable()
export class BillingSweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private schedules: Schedule[] = [];

  constructor(
    private readonly database: Database,
    private readonly stripe: StripeAccount,
    private readonly events: StripeEventsRepository,
    private readonly customers: CustomersRepository,
    private readonly queue: BillingQueue,
    @InjectConfig() private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.stripe.isConnected) return;
    this.schedules = [
      new Schedule(this.database, {
        name: 'billing',
        lock: SWEEP_LOCK,
        everyMs: this.config.SWEEP_INTERVAL,
        work: () => this.sweep(),
      }),
      new Schedule(this.database, {
        name: 'reconciliation',
        lock: RECONCILE_LOCK,
        everyMs: this.config.RECONCILE_INTERVAL,
        work: () => this.queue.add({ kind: 'reconcile' }),
      }),
    ];
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.schedules.map((schedule) => schedule.stop()));
  }

  private async sweep(): Promise<void> {
    const jobs: BillingJob[] = [
      ...(await this.events.takeDue(BATCH)).map((event_id) => ({ kind: 'event', event_id }) as const),
      ...(await this.customers.takeDue(BATCH)).map((user_id) => ({ kind: 'check', user_id }) as const),
      ...(await this.customers.takeDueClosures(BATCH)).map((stripe_customer_id) => ({ kind: 'close', stripe_customer_id }) as const),
    ];
    await Promise.all(jobs.map((job) => this.queue.add(job)));
  }
}
