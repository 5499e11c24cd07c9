import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ErasedDays } from './erased-days.js';
import { GrantEntity } from './grant.entity.js';
import { GrantsRepository } from './grants.repository.js';
import { GrantsService } from './grants.service.js';
import { PlansService } from './plans.service.js';
import { QuotasService } from './quotas.service.js';
import { SubscriptionEntity } from './subscription.entity.js';
import { SubscriptionTransitionEntity } from './subscription-transition.entity.js';
import { SubscriptionsRepository } from './subscriptions.repository.js';
import { SubscriptionsService } from './subscriptions.service.js';
import { TransitionsRepository } from './transitions.repository.js';
import { UsageDayEntity } from './usage-day.entity.js';

@Module({
  imports: [TypeOrmModule.forFeature([SubscriptionEntity, GrantEntity, SubscriptionTransitionEntity, UsageDayEntity])],
  providers: [
    PlansService,
    SubscriptionsService,
    SubscriptionsRepository,
    GrantsService,
    GrantsRepository,
    TransitionsRepository,
    ErasedDays,
    QuotasService,
  ],
  exports: [PlansService, SubscriptionsService, GrantsService, ErasedDays, QuotasService],
})
export class SubscriptionsModule {}
