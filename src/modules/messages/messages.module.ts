import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { ChatroomsModule } from '../chatrooms/index.js';
import { SubscriptionsModule } from '../subscriptions/index.js';
import { Acceptance } from './acceptance.js';
import { Cancellation } from './cancellation.js';
import { MessagesRepository } from './messages.repository.js';
import { MessagesService } from './messages.service.js';
import { RepliesRepository } from './replies.repository.js';
import { ReplyQueue, REPLY_QUEUE } from './reply.queue.js';
import { ReplyWaiter } from './reply-waiter.js';
import { MovesRepository } from './move/moves.repository.js';
import { MovesService } from './move/moves.service.js';
import { SearchRepository } from './search/search.repository.js';
import { SearchService } from './search/search.service.js';
import { ReplyStreams } from './stream/reply-streams.js';

@Module({
  imports: [ChatroomsModule, SubscriptionsModule, BullModule.registerQueue({ name: REPLY_QUEUE })],
  providers: [
    MessagesService,
    MessagesRepository,
    Acceptance,
    RepliesRepository,
    ReplyQueue,
    ReplyWaiter,
    ReplyStreams,
    Cancellation,
    SearchRepository,
    SearchService,
    MovesRepository,
    MovesService,
  ],
  exports: [
    MessagesService,
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
