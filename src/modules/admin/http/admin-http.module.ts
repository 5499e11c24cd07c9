import { Module } from '@nestjs/common';
import { AdminModule } from '../admin.module.js';
import { AdminAuditLogController } from './admin-audit-log.controller.js';
import { AdminConversationsController } from './admin-conversations.controller.js';
import { AdminQueuesController } from './admin-queues.controller.js';
import { AdminStatsController } from './admin-stats.controller.js';
import { AdminSubscriptionsController } from './admin-subscriptions.controller.js';
import { AdminUiController } from './admin-ui.controller.js';
import { AdminUsersController } from './admin-users.controller.js';
import { AdminWebhookEventsController } from './admin-webhook-events.controller.js';

@Module({
  imports: [AdminModule],
  controllers: [
    AdminStatsController,
    AdminUsersController,
    AdminConversationsController,
    AdminSubscriptionsController,
    AdminWebhookEventsController,
    AdminQueuesController,
    AdminAuditLogController,
    AdminUiController,
  ],
})
export class AdminHttpModule {}
