/** Asks the worker that holds a reply to cancel it. The message is the id of the reply. */
export const CANCEL_SIGNAL = 'reply-cancel';

/** A reply is finished. The message is its id. */
export const FINISHED_SIGNAL = 'reply-finished';
