import { Module } from '@nestjs/common';
import { ChatroomsModule } from '../chatrooms.module.js';
import { ChatroomList } from './chatroom-list.js';
import { ChatroomsController } from './chatrooms.controller.js';
import { ModelsController } from './models.controller.js';

@Module({ imports: [ChatroomsModule], controllers: [ChatroomsController, ModelsController], providers: [ChatroomList] })
export class ChatroomsHttpModule {}
