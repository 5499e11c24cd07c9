/** Chatrooms, which contain a user's conversations. Their messages belong to the module `messages`. */
export { ChatroomResponse, toChatroomResponse } from './chatroom.response.js';
export { ChatroomEntity } from './chatroom.entity.js';
export { ChatroomsModule } from './chatrooms.module.js';
export { type Chatroom } from './chatrooms.repository.js';
export { ChatroomsService, type RoomSettings } from './chatrooms.service.js';
export { ReplyOptionsRequest } from './reply-options.request.js';
export { CHATROOM_EXPORT } from './personal-data.js';
