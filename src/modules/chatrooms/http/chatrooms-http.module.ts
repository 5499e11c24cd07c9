import { Module } from '@nestjs/common';
import { ChatroomsModule } from '../chatrooms.module.js';
import { ChatroomsController } from './chatrooms.controller.js';

@Module({ imports: [ChatroomsModule], controllers: [ChatroomsController] })
export class ChatroomsHttpModule {}
