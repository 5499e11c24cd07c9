import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { StripeModule } from '../../integrations/stripe/index.js';
import { SubscriptionsModule } from '../subscriptions/index.js';
import { UsersModule } from '../users/index.js';
import { BILLING_QUEUE, BillingQueue } from './billing.queue.js';
import { RevenueService } from './revenue.service.js';
import { StripeEventsRepository } from './stripe-events.repository.js';
import { StripeEventsService } from './stripe-events.service.js';

@Module({
  imports: [BullModule.registerQueue({ name: BILLING_QUEUE }), StripeModule, SubscriptionsModule, UsersModule],
  providers: [RevenueService, BillingQueue, StripeEventsService, StripeEventsRepository],
  exports: [StripeEventsService, RevenueService],
})
export class BillingModule {}
