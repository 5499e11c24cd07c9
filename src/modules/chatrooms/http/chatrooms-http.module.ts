import { Module } from '@nestjs/common';
import { ChatroomsModule } from '../chatrooms.module.js';
import { ChatroomList } from './chatroom-list.js';
import { ChatroomsController } from './chatrooms.controller.js';

@Module({ imports: [ChatroomsModule], controllers: [ChatroomsController], providers: [ChatroomList] })
export class ChatroomsHttpModule {}
