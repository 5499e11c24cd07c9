import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ErasedDayEntity } from './erased-day.entity.js';
import { ErasedDaysRepository } from './erased-days.repository.js';
import { ErasedDaysService } from './erased-days.service.js';
import { GrantEntity } from './grant.entity.js';
import { GrantsRepository } from './grants.repository.js';
import { GrantsService } from './grants.service.js';
import { PlansService } from './plans.service.js';
import { QuotasRepository } from './quotas.repository.js';
import { QuotasService } from './quotas.service.js';
import { SubscriptionEntity } from './subscription.entity.js';
import { SubscriptionTransitionEntity } from './subscription-transition.entity.js';
import { SubscriptionsRepository } from './subscriptions.repository.js';
import { SubscriptionsService } from './subscriptions.service.js';
import { TransitionsRepository } from './transitions.repository.js';
import { UsageDayEntity } from './usage-day.entity.js';

@Module({
  imports: [TypeOrmModule.forFeature([ErasedDayEntity, GrantEntity, SubscriptionEntity, SubscriptionTransitionEntity, UsageDayEntity])],
  providers: [
    PlansService,
    SubscriptionsService,
    SubscriptionsRepository,
    GrantsService,
    GrantsRepository,
    TransitionsRepository,
    ErasedDaysService,
    ErasedDaysRepository,
    QuotasService,
    QuotasRepository,
  ],
  exports: [PlansService, SubscriptionsService, GrantsService, GrantsRepository, ErasedDaysService, QuotasService],
})
export class SubscriptionsModule {}
