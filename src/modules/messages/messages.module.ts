import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { ChatroomsModule } from '../chatrooms/index.js';
import { SubscriptionsModule } from '../subscriptions/index.js';
import { Acceptance } from './acceptance.js';
import { Cancellation } from './cancellation.js';
import { Deletion } from './deletion.js';
import { DigestQueue, DIGEST_QUEUE } from './digests/digest.queue.js';
import { DigestsRepository } from './digests/digests.repository.js';
import { MessagesRepository } from './messages.repository.js';
import { MessagesService } from './messages.service.js';
import { RepliesRepository } from './replies.repository.js';
import { ReplyQueue, REPLY_QUEUE } from './reply.queue.js';
import { ReplyWaiter } from './reply-waiter.js';
import { Prompts } from './prompts.js';
import { MovesRepository } from './move/moves.repository.js';
import { MovesService } from './move/moves.service.js';
import { SearchRepository } from './search/search.repository.js';
import { SearchService } from './search/search.service.js';
import { Retries } from './retries.js';
import { RetriesRepository } from './retries.repository.js';
import { ReplyStreams } from './stream/reply-streams.js';
import { Budget } from './usage/budget.js';
import { Prices } from './usage/prices.js';
import { Statistics } from './usage/statistics.js';
import { UsageService } from './usage/usage.service.js';

@Module({
  imports: [ChatroomsModule, SubscriptionsModule, BullModule.registerQueue({ name: REPLY_QUEUE }, { name: DIGEST_QUEUE })],
  providers: [
    MessagesService,
    MessagesRepository,
    Acceptance,
    RepliesRepository,
    ReplyQueue,
    ReplyWaiter,
    ReplyStreams,
    Prompts,
    Cancellation,
    Deletion,
    SearchRepository,
    SearchService,
    MovesRepository,
    MovesService,
    RetriesRepository,
    Retries,
    DigestsRepository,
    DigestQueue,
    Budget,
    Prices,
    Statistics,
    UsageService,
  ],
  exports: [
    MessagesService,
    Prompts,
    Cancellation,
    Deletion,
    Retries,
    DigestsRepository,
    DigestQueue,
    Statistics,
    UsageService,
    Budget,
    RepliesRepository,
    ReplyQueue,
    ReplyStreams,
    SearchService,
    MovesService,
    ChatroomsModule,
    SubscriptionsModule,
  ],
})
export class MessagesModule {}
