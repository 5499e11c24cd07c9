import { Module } from '@nestjs/common';
import { ErasedDays } from './erased-days.js';
import { GrantsService } from './grants.service.js';
import { PlansService } from './plans.service.js';
import { QuotasService } from './quotas.service.js';
import { SubscriptionsRepository } from './subscriptions.repository.js';
import { SubscriptionsService } from './subscriptions.service.js';

@Module({
  providers: [PlansService, SubscriptionsService, SubscriptionsRepository, GrantsService, ErasedDays, QuotasService],
  exports: [PlansService, SubscriptionsService, GrantsService, ErasedDays, QuotasService],
})
export class SubscriptionsModule {}
