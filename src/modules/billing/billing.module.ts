import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { StripeModule } from '../../integrations/stripe/index.js';
import { SubscriptionsModule } from '../subscriptions/index.js';
import { UsersModule } from '../users/index.js';
import { BILLING_QUEUE, BillingQueue } from './billing.queue.js';
import { BillingService } from './billing.service.js';
import { CheckoutEntity } from './checkout.entity.js';
import { CheckoutsRepository } from './checkouts.repository.js';
import { CheckoutsService } from './checkouts.service.js';
import { CustomerClosureEntity } from './customer-closure.entity.js';
import { CustomerClosuresRepository } from './customer-closures.repository.js';
import { CustomersRepository } from './customers.repository.js';
import { ReturnAddressesService } from './return-addresses.service.js';
import { RevenueService } from './revenue.service.js';
import { StripeCursorEntity } from './stripe-cursor.entity.js';
import { StripeCustomerEntity } from './stripe-customer.entity.js';
import { StripeEventEntity } from './stripe-event.entity.js';
import { StripeEventsRepository } from './stripe-events.repository.js';
import { StripeEventsService } from './stripe-events.service.js';
import { SubscriptionSyncService } from './subscription-sync.service.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([CheckoutEntity, CustomerClosureEntity, StripeCursorEntity, StripeCustomerEntity, StripeEventEntity]),
    BullModule.registerQueue({ name: BILLING_QUEUE }),
    StripeModule,
    SubscriptionsModule,
    UsersModule,
  ],
  providers: [
    BillingQueue,
    BillingService,
    CheckoutsService,
    CheckoutsRepository,
    CustomerClosuresRepository,
    CustomersRepository,
    ReturnAddressesService,
    RevenueService,
    StripeEventsService,
    StripeEventsRepository,
    SubscriptionSyncService,
  ],
  exports: [
    BillingQueue,
    BillingService,
    CheckoutsService,
    CustomerClosuresRepository,
    CustomersRepository,
    ReturnAddressesService,
    RevenueService,
    StripeEventsService,
    StripeEventsRepository,
    StripeModule,
    SubscriptionSyncService,
  ],
})
export class BillingModule {}
