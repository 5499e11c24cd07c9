import type { RoomMessage } from './room-chat.ts';

/** The text of a message. */
export const textOf = ({ parts }: RoomMessage): string => parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
