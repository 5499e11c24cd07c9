/** A reply is to be cancelled, if the listener works on it; the message is its id. */
export const CANCEL_SIGNAL = 'reply-cancel';

/** A reply has reached its terminal state; the message is its id. */
export const FINISHED_SIGNAL = 'reply-finished';
