import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { StripeModule } from '../../integrations/stripe/index.js';
import { SubscriptionsModule } from '../subscriptions/index.js';
import { UsersModule } from '../users/index.js';
import { AccountGuardService } from './account-guard.service.js';
import { BILLING_QUEUE, BillingQueue } from './billing.queue.js';
import { BillingService } from './billing.service.js';
import { CheckoutEntity } from './checkout.entity.js';
import { CheckoutsRepository } from './checkouts.repository.js';
import { CheckoutsService } from './checkouts.service.js';
import { CustomerClosureEntity } from './customer-closure.entity.js';
import { CustomerClosuresRepository } from './customer-closures.repository.js';
import { CustomerUpdateEntity } from './customer-update.entity.js';
import { CustomerUpdatesRepository } from './customer-updates.repository.js';
import { CustomersRepository } from './customers.repository.js';
import { FormerCustomerEntity } from './former-customer.entity.js';
import { OffersService } from './offers.service.js';
import { PricesService } from './prices.service.js';
import { OverdueCustomersRepository } from './overdue-customers.repository.js';
import { PayersService } from './payers.service.js';
import { RefundEntity } from './refund.entity.js';
import { RefundsRepository } from './refunds.repository.js';
import { RefundsService } from './refunds.service.js';
import { ReturnAddressesService } from './return-addresses.service.js';
import { RevenueRepository } from './revenue.repository.js';
import { RevenueService } from './revenue.service.js';
import { StripeAccountEntity } from './stripe-account.entity.js';
import { StripeAccountsRepository } from './stripe-accounts.repository.js';
import { StripeCursorEntity } from './stripe-cursor.entity.js';
import { StripeCustomerEntity } from './stripe-customer.entity.js';
import { StripeEventEntity } from './stripe-event.entity.js';
import { StripeEventsRepository } from './stripe-events.repository.js';
import { StripeEventsService } from './stripe-events.service.js';
import { StripeStatusService } from './stripe-status.service.js';
import { SubscriptionSyncService } from './subscription-sync.service.js';
import { TrialClaimEntity } from './trial-claim.entity.js';
import { TrialsRepository } from './trials.repository.js';
import { TrialsService } from './trials.service.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([
      CheckoutEntity,
      CustomerClosureEntity,
      CustomerUpdateEntity,
      RefundEntity,
      FormerCustomerEntity,
      StripeAccountEntity,
      StripeCursorEntity,
      StripeCustomerEntity,
      StripeEventEntity,
      TrialClaimEntity,
    ]),
    BullModule.registerQueue({ name: BILLING_QUEUE }),
    StripeModule,
    SubscriptionsModule,
    UsersModule,
  ],
  providers: [
    AccountGuardService,
    BillingQueue,
    BillingService,
    CheckoutsService,
    CheckoutsRepository,
    CustomerClosuresRepository,
    CustomerUpdatesRepository,
    CustomersRepository,
    OffersService,
    PricesService,
    OverdueCustomersRepository,
    PayersService,
    RefundsRepository,
    RefundsService,
    ReturnAddressesService,
    RevenueRepository,
    RevenueService,
    StripeAccountsRepository,
    StripeEventsService,
    StripeEventsRepository,
    StripeStatusService,
    SubscriptionSyncService,
    TrialsRepository,
    TrialsService,
  ],
  exports: [
    BillingQueue,
    BillingService,
    CheckoutsService,
    CustomerClosuresRepository,
    CustomerUpdatesRepository,
    CustomersRepository,
    OffersService,
    PricesService,
    OverdueCustomersRepository,
    PayersService,
    RefundsRepository,
    RefundsService,
    ReturnAddressesService,
    RevenueService,
    StripeEventsService,
    StripeEventsRepository,
    StripeModule,
    StripeStatusService,
    SubscriptionSyncService,
  ],
})
export class BillingModule {}
