import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/index.js';
import { BillingModule } from '../billing/index.js';
import { MessagesModule } from '../messages/index.js';
import { SubscriptionsModule } from '../subscriptions/index.js';
import { UsersModule } from '../users/index.js';
import { AccountsRepository } from './accounts.repository.js';
import { AccountsService } from './accounts.service.js';
import { AuditLog } from './audit-log.js';
import { ConversationsRepository } from './conversations.repository.js';
import { ConversationsService } from './conversations.service.js';
import { CsvExportsService } from './csv-exports.service.js';
import { EntitlementsRepository } from './entitlements.repository.js';
import { EntitlementsService } from './entitlements.service.js';
import { FiguresRepository } from './figures.repository.js';
import { QueuesService } from './queues.service.js';
import { StatsService } from './stats.service.js';
import { WebhookEventsService } from './webhook-events.service.js';

const PROVIDERS = [
  AccountsService,
  AccountsRepository,
  AuditLog,
  ConversationsService,
  ConversationsRepository,
  CsvExportsService,
  EntitlementsService,
  EntitlementsRepository,
  FiguresRepository,
  QueuesService,
  StatsService,
  WebhookEventsService,
];

@Module({
  imports: [AuthModule, UsersModule, MessagesModule, SubscriptionsModule, BillingModule],
  providers: PROVIDERS,
  exports: [...PROVIDERS, BillingModule],
})
export class AdminModule {}
