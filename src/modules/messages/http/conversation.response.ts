import { ApiProperty } from '@nestjs/swagger';
import { type Chatroom, ChatroomResponse, toChatroomResponse } from '../../chatrooms/index.js';
import type { Message } from '../message.js';
import { toBranchPage } from './message-page.js';
import { MessagePage } from './message.response.js';

export class ConversationResponse extends ChatroomResponse {
  @ApiProperty({
    type: MessagePage,
    description: 'The newest page of the active branch, oldest first; its cursor leads to older messages at GET …/message.',
  })
  readonly messages!: MessagePage;
}

/** @param rows of the active branch, newest first, one more than `limit` when there are older ones */
export function toConversationResponse(
  { room, model, rows }: { room: Chatroom; model: string; rows: readonly Message[] },
  limit: number,
): ConversationResponse {
  const { data, next_cursor } = toBranchPage(rows, limit);
  return Object.assign(toChatroomResponse(room, model), { messages: { data: data.reverse(), next_cursor } });
}
