import { Module } from '@nestjs/common';
import { BillingModule } from '../billing.module.js';
import { PlansController } from './plans.controller.js';
import { SubscriptionController } from './subscription.controller.js';
import { WebhookController } from './webhook.controller.js';

@Module({ imports: [BillingModule], controllers: [PlansController, SubscriptionController, WebhookController] })
export class BillingHttpModule {}
