import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { LiveEventsModule } from '../live-events/index.js';
import { SubscriptionsModule } from '../subscriptions/index.js';
import { ChatroomEntity } from './chatroom.entity.js';
import { ChatroomsRepository } from './chatrooms.repository.js';
import { ChatroomsService } from './chatrooms.service.js';

@Module({
  imports: [SubscriptionsModule, LiveEventsModule, TypeOrmModule.forFeature([ChatroomEntity])],
  providers: [ChatroomsService, ChatroomsRepository],
  exports: [ChatroomsService],
})
export class ChatroomsModule {}
