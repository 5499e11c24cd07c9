import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { DatabaseModule } from '../../database/database.module.js';
import { AccountContentsModule } from '../../modules/privacy/account-contents.module.js';
import { AttachmentsWorkerModule } from '../../modules/attachments/worker/attachments-worker.module.js';
import { AuthWorkerModule } from '../../modules/auth/worker/auth-worker.module.js';
import { BillingWorkerModule } from '../../modules/billing/worker/billing-worker.module.js';
import { MessagesWorkerModule } from '../../modules/messages/worker/messages-worker.module.js';
import { SubscriptionsWorkerModule } from '../../modules/subscriptions/worker/subscriptions-worker.module.js';
import { QueueModule } from '../../queue/queue.module.js';
import { QueueWorkersModule } from '../../queue/queue-workers.module.js';
import { StreamsModule } from '../../streams/streams.module.js';
import { RetentionService } from './retention/retention.service.js';
import { OperationsModule } from '../operations/operations.module.js';

/** Every consumer, and no HTTP route. */
@Module({})
export class WorkerModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: WorkerModule,
      imports: [
        ConfigModule.forRoot(config),
        DatabaseModule,
        QueueModule,
        QueueWorkersModule,
        StreamsModule,
        OperationsModule,
        AccountContentsModule,
        AuthWorkerModule,
        MessagesWorkerModule,
        AttachmentsWorkerModule,
        BillingWorkerModule,
        SubscriptionsWorkerModule,
      ],
      providers: [RetentionService],
    };
  }
}
