import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ChatroomsModule } from '../chatrooms/index.js';
import { SubscriptionsModule } from '../subscriptions/index.js';
import { Acceptance } from './acceptance.js';
import { Cancellation } from './cancellation.js';
import { Deletion } from './deletion.js';
import { SummaryQueue, SUMMARY_QUEUE } from './summaries/summary.queue.js';
import { SummariesRepository } from './summaries/summaries.repository.js';
import { MessagesRepository } from './messages.repository.js';
import { MessagesService } from './messages.service.js';
import { RepliesRepository } from './replies.repository.js';
import { ReplyQueue, REPLY_QUEUE } from './reply.queue.js';
import { ReplyWaiter } from './reply-waiter.js';
import { Prompts } from './prompts.js';
import { TransferRepository } from './transfer/transfer.repository.js';
import { TransferService } from './transfer/transfer.service.js';
import { SearchRepository } from './search/search.repository.js';
import { SearchService } from './search/search.service.js';
import { Retries } from './retries.js';
import { RetriesRepository } from './retries.repository.js';
import { ReplyStreamsService } from './stream/reply-streams.service.js';
import { ModelHourEntity } from './usage/model-hour.entity.js';
import { BudgetService } from './usage/budget.service.js';
import { PricesService } from './usage/prices.service.js';
import { StatsRepository } from './usage/stats.repository.js';
import { UsageRepository } from './usage/usage.repository.js';
import { UsageService } from './usage/usage.service.js';
import { UserModelDayEntity } from './usage/user-model-day.entity.js';

@Module({
  imports: [
    ChatroomsModule,
    SubscriptionsModule,
    TypeOrmModule.forFeature([ModelHourEntity, UserModelDayEntity]),
    BullModule.registerQueue({ name: REPLY_QUEUE }, { name: SUMMARY_QUEUE }),
  ],
  providers: [
    MessagesService,
    MessagesRepository,
    Acceptance,
    RepliesRepository,
    ReplyQueue,
    ReplyWaiter,
    ReplyStreamsService,
    Prompts,
    Cancellation,
    Deletion,
    SearchRepository,
    SearchService,
    TransferRepository,
    TransferService,
    RetriesRepository,
    Retries,
    SummariesRepository,
    SummaryQueue,
    BudgetService,
    PricesService,
    StatsRepository,
    UsageRepository,
    UsageService,
  ],
  exports: [
    MessagesService,
    Prompts,
    Cancellation,
    Deletion,
    Retries,
    SummariesRepository,
    SummaryQueue,
    StatsRepository,
    UsageService,
    BudgetService,
    RepliesRepository,
    ReplyQueue,
    ReplyStreamsService,
    SearchService,
    TransferService,
    ChatroomsModule,
    SubscriptionsModule,
  ],
})
export class MessagesModule {}
