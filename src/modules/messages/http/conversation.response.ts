import { ApiProperty } from '@nestjs/swagger';
import { DEFAULT_PAGE_SIZE } from '../../../common/http/page.js';
import { type Chatroom, ChatroomResponse, toChatroomResponse } from '../../chatrooms/index.js';
import type { Message } from '../message.js';
import { MessagePage, toMessagePage } from './message.response.js';

export class ConversationResponse extends ChatroomResponse {
  @ApiProperty({
    type: MessagePage,
    description: 'The newest page of the active branch, oldest first; its cursor leads to older messages at GET …/message.',
  })
  readonly messages!: MessagePage;
}

/** A room, and the model that answers in it. */
export interface RoomWithModel {
  readonly room: Chatroom;
  readonly model: string;
}

export const toRoomResponse = ({ room, model }: RoomWithModel): ChatroomResponse => toChatroomResponse(room, model);

/** @param rows of the active branch, newest first, one more than DEFAULT_PAGE_SIZE when there are older ones */
export function toConversationResponse({ rows, ...room }: RoomWithModel & { readonly rows: readonly Message[] }): ConversationResponse {
  const { data, next_cursor } = toMessagePage(rows, { branch: 'active', limit: DEFAULT_PAGE_SIZE });
  return Object.assign(toRoomResponse(room), { messages: { data: data.reverse(), next_cursor } });
}
