import { Module } from '@nestjs/common';
import { AdminModule } from '../admin.module.js';
import { AdminAttentionController } from './admin-attention.controller.js';
import { AdminAuditLogController } from './admin-audit-log.controller.js';
import { AdminConversationsController } from './admin-conversations.controller.js';
import { AdminFeedbackController } from './admin-feedback.controller.js';
import { AdminQueuesController } from './admin-queues.controller.js';
import { AdminRefundsController } from './admin-refunds.controller.js';
import { AdminStatsController } from './admin-stats.controller.js';
import { AdminStripeController } from './admin-stripe.controller.js';
import { AdminSubscriptionsController } from './admin-subscriptions.controller.js';
import { AdminUiController } from './admin-ui.controller.js';
import { AdminUsersController } from './admin-users.controller.js';
import { AdminWebhookEventsController } from './admin-webhook-events.controller.js';

@Module({
  imports: [AdminModule],
  controllers: [
    AdminAttentionController,
    AdminStatsController,
    AdminUsersController,
    AdminConversationsController,
    AdminFeedbackController,
    AdminStripeController,
    AdminSubscriptionsController,
    AdminWebhookEventsController,
    AdminRefundsController,
    AdminQueuesController,
    AdminAuditLogController,
    AdminUiController,
  ],
})
export class AdminHttpModule {}
