import type { FinishReason, MessageStatus } from './message-status.js';

/** A message as its owner sees it. */
export interface Message {
  readonly id: string;
  readonly chatroom_id: string;
  readonly user_id: string;
  readonly position: number;
  /** Of a reply: how often it was begun. */
  readonly attempt: number;
  readonly parent_id: string | null;
  /** All messages with that parent, oldest first, itself included. */
  readonly sibling_ids: readonly string[];
  readonly role: 'user' | 'model';
  readonly status: MessageStatus;
  readonly content: string;
  readonly model: string | null;
  readonly finish_reason: FinishReason | null;
  readonly error_code: string | null;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly reasoning_tokens: number | null;
  readonly total_tokens: number | null;
  readonly usage_estimated: boolean | null;
  readonly context_turns: number | null;
  readonly context_trimmed: number | null;
  readonly context_summarised: number | null;
  readonly created_at: Date;
  readonly completed_at: Date | null;
}

/** A message and the reply that will answer it. */
export interface Exchange {
  readonly message: Message;
  readonly reply: Message;
}

/** What a message that nothing has happened to yet looks like. */
export const NO_OUTCOME = {
  attempt: 0,
  content: '',
  finish_reason: null,
  error_code: null,
  input_tokens: null,
  output_tokens: null,
  reasoning_tokens: null,
  total_tokens: null,
  usage_estimated: null,
  context_turns: null,
  context_trimmed: null,
  context_summarised: null,
  completed_at: null,
} as const;

/** An exchange as it was when it was accepted, whatever became of it since: what a repeated request is answered. */
export const asAccepted = ({ message, reply }: Exchange): Exchange => ({
  message: { ...message, sibling_ids: message.sibling_ids.slice(0, message.sibling_ids.indexOf(message.id) + 1) },
  reply: { ...reply, ...NO_OUTCOME, status: 'pending', sibling_ids: reply.sibling_ids.slice(0, reply.sibling_ids.indexOf(reply.id) + 1) },
});
