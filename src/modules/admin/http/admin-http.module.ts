import { Module } from '@nestjs/common';
import { AdminModule } from '../admin.module.js';
import { AccountsController } from './accounts.controller.js';
import { AuditLogController } from './audit-log.controller.js';
import { AllConversationsController } from './conversations.controller.js';
import { QueuesController } from './queues.controller.js';
import { StatsController } from './stats.controller.js';
import { AllSubscriptionsController } from './subscriptions.controller.js';
import { UiController } from './ui.controller.js';
import { WebhookEventsController } from './webhook-events.controller.js';

@Module({
  imports: [AdminModule],
  controllers: [
    StatsController,
    AccountsController,
    AllConversationsController,
    AllSubscriptionsController,
    WebhookEventsController,
    QueuesController,
    AuditLogController,
    UiController,
  ],
})
export class AdminHttpModule {}
