import type { RoomMessage } from './room-chat.ts';

const joined = ({ parts }: RoomMessage, type: 'text' | 'reasoning'): string =>
  parts.map((part) => (part.type === type ? part.text : '')).join('');

/** The text of a message. */
export const textOf = (message: RoomMessage): string => joined(message, 'text');

/** The model's summary of its thoughts; empty for none. */
export const thoughtsOf = (message: RoomMessage): string => joined(message, 'reasoning');
