import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AttachmentsModule } from '../attachments/index.js';
import { AuthModule } from '../auth/index.js';
import { BillingModule } from '../billing/index.js';
import { ChatroomEntity } from '../chatrooms/index.js';
import { FeedbackEntity, MessageEntity, MessagesModule } from '../messages/index.js';
import { GrantEntity, SubscriptionEntity, SubscriptionsModule } from '../subscriptions/index.js';
import { UserEntity, UsersModule } from '../users/index.js';
import { ActiveUserDayEntity } from './active-user-day.entity.js';
import { AdminQueuesService } from './admin-queues.service.js';
import { AdminStatsRepository } from './admin-stats.repository.js';
import { AdminStatsService } from './admin-stats.service.js';
import { AdminUsersRepository } from './admin-users.repository.js';
import { AdminUsersService } from './admin-users.service.js';
import { AttentionRepository } from './attention.repository.js';
import { AttentionService } from './attention.service.js';
import { AuditEntryEntity } from './audit-entry.entity.js';
import { AuditLogRepository } from './audit-log.repository.js';
import { AuditLogService } from './audit-log.service.js';
import { ConversationsRepository } from './conversations.repository.js';
import { ConversationsService } from './conversations.service.js';
import { CsvExportsService } from './csv-exports.service.js';
import { EntitlementsRepository } from './entitlements.repository.js';
import { EntitlementsService } from './entitlements.service.js';
import { ExportedListsService } from './exported-lists.service.js';
import { FeedbackExportService } from './feedback-export.service.js';
import { UserCostsRepository } from './user-costs.repository.js';
import { WebhookEventsService } from './webhook-events.service.js';

const SERVICES = [
  AdminQueuesService,
  AdminStatsService,
  AdminUsersService,
  AttentionService,
  AuditLogService,
  ConversationsService,
  CsvExportsService,
  EntitlementsService,
  FeedbackExportService,
  WebhookEventsService,
];

const TABLES = [ActiveUserDayEntity, AuditEntryEntity];
/** Tables of other modules, which the lists of this one read. */
const READ_TABLES = [ChatroomEntity, FeedbackEntity, GrantEntity, MessageEntity, SubscriptionEntity, UserEntity];

@Module({
  imports: [
    AuthModule,
    UsersModule,
    MessagesModule,
    AttachmentsModule,
    SubscriptionsModule,
    BillingModule,
    TypeOrmModule.forFeature([...TABLES, ...READ_TABLES]),
  ],
  providers: [
    ...SERVICES,
    AdminStatsRepository,
    AdminUsersRepository,
    AttentionRepository,
    UserCostsRepository,
    AuditLogRepository,
    ConversationsRepository,
    ExportedListsService,
    EntitlementsRepository,
  ],
  exports: [...SERVICES, AttachmentsModule, BillingModule],
})
export class AdminModule {}
