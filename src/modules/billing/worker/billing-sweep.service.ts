import { Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectConfig } from '../../../config/config.module.js';
import type { Config } from '../../../config/env.js';
import { Schedules } from '../../../database/schedules.js';
import { StripeAccount } from '../../../integrations/stripe/index.js';
import { type BillingJob, BillingQueue } from '../billing.queue.js';
import { CustomerClosuresRepository } from '../customer-closures.repository.js';
import { CustomerUpdatesRepository } from '../customer-updates.repository.js';
import { CustomersRepository } from '../customers.repository.js';
import { RefundsRepository } from '../refunds.repository.js';
import { StripeEventsRepository } from '../stripe-events.repository.js';

const BATCH = 500;

/**
 * Adds the jobs that are due: unprocessed events, scheduled sync runs, changes of users, deletions of customers,
 * refunds, and the reconciliation.
 */
@Injectable()
export class BillingSweepService implements OnModuleInit {
  constructor(
    private readonly schedules: Schedules,
    private readonly stripe: StripeAccount,
    private readonly events: StripeEventsRepository,
    private readonly customers: CustomersRepository,
    private readonly updates: CustomerUpdatesRepository,
    private readonly closures: CustomerClosuresRepository,
    private readonly refunds: RefundsRepository,
    private readonly queue: BillingQueue,
    @InjectConfig() private readonly config: Config,
  ) {}

  onModuleInit(): void {
    if (!this.stripe.isConnected) return;
    this.schedules.add({ lock: 'billingSweep', everyMs: this.config.SWEEP_INTERVAL, work: () => this.sweep() });
    this.schedules.add({
      lock: 'reconciliation',
      everyMs: this.config.RECONCILE_INTERVAL,
      work: () => this.queue.add({ kind: 'reconcile' }),
    });
  }

  private async sweep(): Promise<void> {
    // Everything waits for a key of the stored account.
    if (!(await this.stripe.checkKey())) return;
    const jobs: BillingJob[] = [
      ...(await this.events.takeDue(BATCH)).map((event_id) => ({ kind: 'event', event_id }) as const),
      ...(await this.customers.takeDue(BATCH)).map((user_id) => ({ kind: 'check', user_id }) as const),
      ...(await this.updates.takeDue(BATCH)).map((user_id) => ({ kind: 'update', user_id }) as const),
      ...(await this.closures.takeDue(BATCH)).map((stripe_customer_id) => ({ kind: 'close', stripe_customer_id }) as const),
      ...(await this.refunds.takeDue(BATCH)).map((refund_id) => ({ kind: 'refund', refund_id }) as const),
    ];
    await Promise.all(jobs.map((job) => this.queue.add(job)));
  }
}
