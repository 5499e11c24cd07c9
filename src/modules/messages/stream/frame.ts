import type { MessageStatus } from '../message-status.js';
import { type EventId, formatEventId } from './event-id.js';

export interface StreamUsage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly reasoning_tokens: number;
  readonly total_tokens: number;
  readonly estimated: boolean;
}

/** What messageMetadata can hold; the client merges what comes later into what it has. */
export interface StreamMetadata {
  readonly chatroom_id?: string;
  readonly reply_to?: string | null;
  readonly model?: string | null;
  readonly status: MessageStatus;
  readonly usage?: StreamUsage | null;
  readonly error?: { readonly code: string; readonly message: string } | null;
}

/** The chunks of the AI SDK UI message stream protocol that a reply is made of. A type that the client does not know would be an error to it. */
export type Chunk =
  | { readonly type: 'start'; readonly messageId: string; readonly messageMetadata: StreamMetadata }
  | { readonly type: 'start-step' | 'reset-step' | 'finish-step' }
  | { readonly type: 'text-start' | 'text-end'; readonly id: string }
  | { readonly type: 'text-delta'; readonly id: string; readonly delta: string }
  | {
      readonly type: 'finish';
      readonly finishReason: 'stop' | 'length' | 'content-filter' | 'other';
      readonly messageMetadata: StreamMetadata;
    }
  | { readonly type: 'message-metadata'; readonly messageMetadata: StreamMetadata }
  | { readonly type: 'abort' }
  | { readonly type: 'error'; readonly errorText: string };

/** The end of every stream, which is no JSON. */
export const DONE = '[DONE]';

/** A server-sent event. JSON has no raw line breaks, so one data line holds any chunk. */
export const toFrame = (id: EventId, chunk: Chunk | typeof DONE): string =>
  `id: ${formatEventId(id)}\ndata: ${chunk === DONE ? DONE : JSON.stringify(chunk)}\n\n`;
