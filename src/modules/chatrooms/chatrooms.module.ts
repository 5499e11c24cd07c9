import { Module } from '@nestjs/common';
import { SubscriptionsModule } from '../subscriptions/index.js';
import { ChatroomsRepository } from './chatrooms.repository.js';
import { ChatroomsService } from './chatrooms.service.js';

@Module({
  imports: [SubscriptionsModule],
  providers: [ChatroomsService, ChatroomsRepository],
  exports: [ChatroomsService],
})
export class ChatroomsModule {}
