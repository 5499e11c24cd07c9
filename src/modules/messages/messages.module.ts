import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ChatroomsModule } from '../chatrooms/index.js';
import { SubscriptionsModule } from '../subscriptions/index.js';
import { AcceptanceRepository } from './acceptance.repository.js';
import { AcceptanceService } from './acceptance.service.js';
import { CancellationService } from './cancellation.service.js';
import { ClaimsRepository } from './claims.repository.js';
import { DeletionRepository } from './deletion.repository.js';
import { DeletionService } from './deletion.service.js';
import { DigestEntity } from './digests/digest.entity.js';
import { DigestQueue, DIGEST_QUEUE } from './digests/digest.queue.js';
import { DigestsRepository } from './digests/digests.repository.js';
import { FinishingRepository } from './finishing.repository.js';
import { MessageEntity } from './message.entity.js';
import { MessagesRepository } from './messages.repository.js';
import { MessagesService } from './messages.service.js';
import { ModelPauseEntity } from './model-pause.entity.js';
import { PathRepository } from './path.repository.js';
import { PromptsService } from './prompts.service.js';
import { ReplyQueue, REPLY_QUEUE } from './reply.queue.js';
import { ReplyWaiterService } from './reply-waiter.service.js';
import { MovesRepository } from './move/moves.repository.js';
import { MovesService } from './move/moves.service.js';
import { SearchRepository } from './search/search.repository.js';
import { SearchService } from './search/search.service.js';
import { RetriesRepository } from './retries.repository.js';
import { RetriesService } from './retries.service.js';
import { ReplyStreams } from './stream/reply-streams.js';
import { Budget } from './usage/budget.js';
import { ModelHourEntity } from './usage/model-hour.entity.js';
import { Prices } from './usage/prices.js';
import { Statistics } from './usage/statistics.js';
import { UsageService } from './usage/usage.service.js';
import { UserModelDayEntity } from './usage/user-model-day.entity.js';

@Module({
  imports: [
    ChatroomsModule,
    SubscriptionsModule,
    TypeOrmModule.forFeature([MessageEntity, ModelPauseEntity, DigestEntity, ModelHourEntity, UserModelDayEntity]),
    BullModule.registerQueue({ name: REPLY_QUEUE }, { name: DIGEST_QUEUE }),
  ],
  providers: [
    MessagesService,
    MessagesRepository,
    AcceptanceRepository,
    AcceptanceService,
    ClaimsRepository,
    FinishingRepository,
    PathRepository,
    ReplyQueue,
    ReplyWaiterService,
    ReplyStreams,
    PromptsService,
    CancellationService,
    DeletionRepository,
    DeletionService,
    SearchRepository,
    SearchService,
    MovesRepository,
    MovesService,
    RetriesRepository,
    RetriesService,
    DigestsRepository,
    DigestQueue,
    Budget,
    Prices,
    Statistics,
    UsageService,
  ],
  exports: [
    MessagesService,
    PromptsService,
    CancellationService,
    DeletionService,
    RetriesService,
    DigestsRepository,
    DigestQueue,
    Statistics,
    UsageService,
    Budget,
    ClaimsRepository,
    FinishingRepository,
    PathRepository,
    ReplyQueue,
    ReplyStreams,
    SearchService,
    MovesService,
    ChatroomsModule,
    SubscriptionsModule,
  ],
})
export class MessagesModule {}
