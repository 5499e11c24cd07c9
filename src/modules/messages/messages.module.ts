import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AttachmentsModule } from '../attachments/index.js';
import { ChatroomsModule } from '../chatrooms/index.js';
import { LiveEventsModule } from '../live-events/index.js';
import { SubscriptionsModule } from '../subscriptions/index.js';
import { AcceptanceRepository } from './acceptance/acceptance.repository.js';
import { AcceptanceBatchesService } from './acceptance/acceptance-batches.service.js';
import { AcceptanceService } from './acceptance/acceptance.service.js';
import { CancellationService } from './cancellation.service.js';
import { ClaimsRepository } from './claims.repository.js';
import { DeletionRepository } from './deletion.repository.js';
import { DeletionService } from './deletion.service.js';
import { SummaryEntity } from './summaries/summary.entity.js';
import { SummaryQueue, SUMMARY_QUEUE } from './summaries/summary.queue.js';
import { SummariesRepository } from './summaries/summaries.repository.js';
import { FeedbackDayEntity } from './feedback/feedback-day.entity.js';
import { FeedbackEntity } from './feedback/feedback.entity.js';
import { FeedbackRepository } from './feedback/feedback.repository.js';
import { FeedbackService } from './feedback/feedback.service.js';
import { FinishingRepository } from './finishing.repository.js';
import { LostAttemptsRepository } from './lost-attempts.repository.js';
import { MessageEntity } from './message.entity.js';
import { MessagesRepository } from './messages.repository.js';
import { MessagesService } from './messages.service.js';
import { AttachmentTokensEntity } from './model-files/attachment-tokens.entity.js';
import { ModelFileEntity } from './model-files/model-file.entity.js';
import { ModelFilesRepository } from './model-files/model-files.repository.js';
import { ModelPauseEntity } from './model-pause.entity.js';
import { PathRepository } from './path.repository.js';
import { PromptsService } from './prompts.service.js';
import { ReplyQueue, REPLY_QUEUE } from './reply.queue.js';
import { ReplyWaiterService } from './reply-waiter.service.js';
import { TransferRepository } from './transfer/transfer.repository.js';
import { TransferService } from './transfer/transfer.service.js';
import { SearchRepository } from './search/search.repository.js';
import { SearchService } from './search/search.service.js';
import { RetriesRepository } from './retries.repository.js';
import { RetriesService } from './retries.service.js';
import { ReplyStreamsService } from './stream/reply-streams.service.js';
import { BudgetService } from './usage/budget.service.js';
import { FairUseService } from './usage/fair-use.service.js';
import { ModelHourEntity } from './usage/model-hour.entity.js';
import { ModelMetrics } from './usage/model-metrics.service.js';
import { PricesService } from './usage/prices.service.js';
import { ServiceGauges } from './usage/service-gauges.service.js';
import { StatsRepository } from './usage/stats.repository.js';
import { UsageRepository } from './usage/usage.repository.js';
import { UsageService } from './usage/usage.service.js';
import { UserModelDayEntity } from './usage/user-model-day.entity.js';

@Module({
  imports: [
    AttachmentsModule,
    ChatroomsModule,
    SubscriptionsModule,
    LiveEventsModule,
    TypeOrmModule.forFeature([
      MessageEntity,
      ModelPauseEntity,
      SummaryEntity,
      ModelHourEntity,
      UserModelDayEntity,
      FeedbackEntity,
      FeedbackDayEntity,
      ModelFileEntity,
      AttachmentTokensEntity,
    ]),
    BullModule.registerQueue({ name: REPLY_QUEUE }, { name: SUMMARY_QUEUE }),
  ],
  providers: [
    MessagesService,
    MessagesRepository,
    AcceptanceRepository,
    AcceptanceBatchesService,
    AcceptanceService,
    ClaimsRepository,
    FinishingRepository,
    LostAttemptsRepository,
    PathRepository,
    ReplyQueue,
    ReplyWaiterService,
    ReplyStreamsService,
    PromptsService,
    ModelFilesRepository,
    CancellationService,
    DeletionRepository,
    DeletionService,
    SearchRepository,
    SearchService,
    TransferRepository,
    TransferService,
    RetriesRepository,
    RetriesService,
    SummariesRepository,
    SummaryQueue,
    BudgetService,
    FairUseService,
    PricesService,
    ModelMetrics,
    ServiceGauges,
    StatsRepository,
    UsageRepository,
    UsageService,
    FeedbackRepository,
    FeedbackService,
  ],
  exports: [
    MessagesService,
    PromptsService,
    CancellationService,
    DeletionService,
    RetriesService,
    SummariesRepository,
    SummaryQueue,
    FeedbackService,
    StatsRepository,
    UsageService,
    BudgetService,
    ClaimsRepository,
    FinishingRepository,
    LostAttemptsRepository,
    ModelMetrics,
    PathRepository,
    ModelFilesRepository,
    ReplyQueue,
    ReplyStreamsService,
    SearchService,
    TransferService,
    AttachmentsModule,
    ChatroomsModule,
    SubscriptionsModule,
    LiveEventsModule,
  ],
})
export class MessagesModule {}
