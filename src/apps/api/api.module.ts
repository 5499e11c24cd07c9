import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { InFlightModule } from '../../common/http/in-flight.js';
import { LiveConnectionsModule } from '../../common/http/live-connections.js';
import { CacheModule } from '../../cache/cache.module.js';
import { ConfigModule } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { DatabaseModule } from '../../database/database.module.js';
import { AccountContentsModule } from '../../modules/privacy/account-contents.module.js';
import { AdminHttpModule } from '../../modules/admin/http/admin-http.module.js';
import { AttachmentsHttpModule } from '../../modules/attachments/http/attachments-http.module.js';
import { AccessGuard, AuthHttpModule } from '../../modules/auth/http/auth-http.module.js';
import { BillingHttpModule } from '../../modules/billing/http/billing-http.module.js';
import { ChatroomsHttpModule } from '../../modules/chatrooms/http/chatrooms-http.module.js';
import { LiveEventsHttpModule } from '../../modules/live-events/http/live-events-http.module.js';
import { MessagesHttpModule } from '../../modules/messages/http/messages-http.module.js';
import { PrivacyHttpModule } from '../../modules/privacy/http/privacy-http.module.js';
import { UsersHttpModule } from '../../modules/users/http/users-http.module.js';
import { QueueModule } from '../../queue/queue.module.js';
import { StreamsModule } from '../../streams/streams.module.js';
import { ChatPageController } from './chat-page/chat-page.controller.js';
import { HealthController } from './health/health.controller.js';
import { OperationsModule } from '../operations/operations.module.js';
import { MetricsController } from './health/metrics.controller.js';
import { PERSONAL_DATA } from './personal-data.js';
import { ThrottleGuard } from './throttling/throttle.guard.js';
import { ThrottlingModule } from './throttling/throttling.module.js';

/** The guards of every route in their order. The throttle is first, so that a flood costs the database nothing. */
const GUARDS = [ThrottleGuard, AccessGuard];

/** Every HTTP route, and no processor: starting an API consumes no job. */
@Module({})
export class ApiModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: ApiModule,
      imports: [
        ConfigModule.forRoot(config),
        DatabaseModule,
        QueueModule,
        StreamsModule,
        LiveConnectionsModule,
        InFlightModule,
        CacheModule,
        OperationsModule,
        AccountContentsModule,
        ThrottlingModule,
        AuthHttpModule,
        UsersHttpModule,
        LiveEventsHttpModule,
        PrivacyHttpModule.forRoot(PERSONAL_DATA),
        ChatroomsHttpModule,
        MessagesHttpModule,
        AttachmentsHttpModule,
        BillingHttpModule,
        AdminHttpModule,
      ],
      controllers: [HealthController, MetricsController, ...(config.CHAT_UI_ENABLED ? [ChatPageController] : [])],
      providers: GUARDS.map((guard) => ({ provide: APP_GUARD, useExisting: guard })),
    };
  }
}
