import { Module } from '@nestjs/common';
import { MessagesModule } from '../messages.module.js';
import { ConversationsController } from './conversations.controller.js';
import { ExchangeResponder } from './exchange-responder.js';
import { FeedbackController } from './feedback.controller.js';
import { MessagesController } from './messages.controller.js';
import { TransferController } from './transfer.controller.js';
import { SearchController } from './search.controller.js';
import { StreamResponder } from './stream-responder.js';
import { UsageController } from './usage.controller.js';

@Module({
  imports: [MessagesModule],
  controllers: [MessagesController, ConversationsController, TransferController, SearchController, UsageController, FeedbackController],
  providers: [StreamResponder, ExchangeResponder],
})
export class MessagesHttpModule {}
