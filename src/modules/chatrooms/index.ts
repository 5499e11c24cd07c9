/** The rooms that a user's conversations live in. Their messages are the next module's. */
export { ChatroomsModule } from './chatrooms.module.js';
export { ChatroomsService } from './chatrooms.service.js';
export { type Chatroom } from './chatrooms.repository.js';
