import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/index.js';
import { MessagesModule } from '../messages/index.js';
import { UsersModule } from '../users/index.js';
import { AccountsRepository } from './accounts.repository.js';
import { AccountsService } from './accounts.service.js';
import { AuditLog } from './audit-log.js';
import { ConversationsRepository } from './conversations.repository.js';
import { ConversationsService } from './conversations.service.js';
import { QueuesService } from './queues.service.js';

const PROVIDERS = [AccountsService, AccountsRepository, AuditLog, ConversationsService, ConversationsRepository, QueuesService];

@Module({ imports: [AuthModule, UsersModule, MessagesModule], providers: PROVIDERS, exports: PROVIDERS })
export class AdminModule {}
