import { Module } from '@nestjs/common';
import { ChatroomsModule } from '../chatrooms.module.js';
import { ChatroomListService } from './chatroom-list.service.js';
import { ChatroomsController } from './chatrooms.controller.js';
import { ModelsController } from './models.controller.js';

@Module({ imports: [ChatroomsModule], controllers: [ChatroomsController, ModelsController], providers: [ChatroomListService] })
export class ChatroomsHttpModule {}
