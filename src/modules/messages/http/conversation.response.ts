import { ApiProperty } from '@nestjs/swagger';
import { DEFAULT_PAGE_SIZE } from '../../../common/http/page.js';
import { type Chatroom, ChatroomResponse, type RoomSettings, toChatroomResponse } from '../../chatrooms/index.js';
import type { Message } from '../message.js';
import { MessagePage, toMessagePage } from './message.response.js';

export class ConversationResponse extends ChatroomResponse {
  @ApiProperty({
    type: MessagePage,
    description: 'The newest page of the active branch, oldest first; its cursor leads to older messages at GET …/message.',
  })
  readonly messages!: MessagePage;
}

/** A room, and how its replies are made now. */
export interface RoomWithSettings {
  readonly room: Chatroom;
  readonly settings: RoomSettings;
}

export const toRoomResponse = ({ room, settings }: RoomWithSettings): ChatroomResponse => toChatroomResponse(room, settings);

/** @param rows of the active branch, newest first, one more than DEFAULT_PAGE_SIZE when there are older ones */
export function toConversationResponse({ rows, ...room }: RoomWithSettings & { readonly rows: readonly Message[] }): ConversationResponse {
  const { data, next_cursor } = toMessagePage(rows, { branch: 'active', limit: DEFAULT_PAGE_SIZE });
  return Object.assign(toRoomResponse(room), { messages: { data: data.reverse(), next_cursor } });
}
