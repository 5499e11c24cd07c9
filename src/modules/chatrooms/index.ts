/** The rooms that a user's conversations live in. Their messages are the next module's. */
export { ChatroomResponse, toChatroomResponse } from './chatroom.response.js';
export { ChatroomEntity } from './chatroom.entity.js';
export { ChatroomsModule } from './chatrooms.module.js';
export { type Chatroom } from './chatrooms.repository.js';
export { ChatroomsService } from './chatrooms.service.js';
