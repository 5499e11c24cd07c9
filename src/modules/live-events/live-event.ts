export const LIVE_EVENT_TYPES = [
  'chatroom.created',
  'chatroom.updated',
  'chatroom.deleted',
  'message.accepted',
  'reply.started',
  'reply.finished',
  'subscription.updated',
  'session.ended',
  'reset',
] as const;

/** What a client should read again. It never has contents. */
export interface LiveEvent {
  readonly type: (typeof LIVE_EVENT_TYPES)[number];
  readonly chatroom_id?: string;
  /** The message of the user that was accepted, or the reply that has started, finished or is pending again. */
  readonly message_id?: string;
  /** The reply to the accepted message. */
  readonly reply_id?: string;
  /** The status of a finished reply. */
  readonly status?: string;
  /** RFC 3339. */
  readonly at: string;
}

/** What one commit changed for a user, as it is written to the user's log. */
export interface Change {
  /** The version of the user's chatroom list that the commit made, or that it found if it made none. */
  readonly version: number;
  /** The commit raised the version by one. Listeners get all such changes, in the order of their versions. */
  readonly raises: boolean;
  readonly events: readonly LiveEvent[];
}
