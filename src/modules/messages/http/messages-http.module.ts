import { Module } from '@nestjs/common';
import { MessagesModule } from '../messages.module.js';
import { ConversationsController } from './conversations.controller.js';
import { MessagesController } from './messages.controller.js';

@Module({ imports: [MessagesModule], controllers: [MessagesController, ConversationsController] })
export class MessagesHttpModule {}
