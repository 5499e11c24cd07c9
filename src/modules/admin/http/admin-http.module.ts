import { Module } from '@nestjs/common';
import { AdminModule } from '../admin.module.js';
import { AccountsController } from './accounts.controller.js';
import { AuditLogController } from './audit-log.controller.js';
import { AllConversationsController } from './conversations.controller.js';
import { QueuesController } from './queues.controller.js';

@Module({ imports: [AdminModule], controllers: [AccountsController, AllConversationsController, QueuesController, AuditLogController] })
export class AdminHttpModule {}
