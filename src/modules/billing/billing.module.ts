import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { StripeModule } from '../../integrations/stripe/index.js';
import { SubscriptionsModule } from '../subscriptions/index.js';
import { UsersModule } from '../users/index.js';
import { BILLING_QUEUE, BillingQueue } from './billing.queue.js';
import { BillingService } from './billing.service.js';
import { CheckoutsRepository } from './checkouts.repository.js';
import { CheckoutsService } from './checkouts.service.js';
import { CustomersRepository } from './customers.repository.js';
import { ReturnAddresses } from './return-addresses.js';
import { RevenueService } from './revenue.service.js';
import { StripeEventsRepository } from './stripe-events.repository.js';
import { StripeEventsService } from './stripe-events.service.js';
import { SubscriptionSync } from './subscription-sync.js';

@Module({
  imports: [BullModule.registerQueue({ name: BILLING_QUEUE }), StripeModule, SubscriptionsModule, UsersModule],
  providers: [
    BillingQueue,
    BillingService,
    CheckoutsService,
    CheckoutsRepository,
    CustomersRepository,
    ReturnAddresses,
    RevenueService,
    StripeEventsService,
    StripeEventsRepository,
    SubscriptionSync,
  ],
  exports: [
    BillingQueue,
    BillingService,
    CheckoutsService,
    CustomersRepository,
    ReturnAddresses,
    RevenueService,
    StripeEventsService,
    StripeEventsRepository,
    StripeModule,
    SubscriptionSync,
  ],
})
export class BillingModule {}
