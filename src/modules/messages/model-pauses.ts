/**
 * A subquery: until when the model of the message m is paused, if it is. A pause that is longer than is allowed does not hold: it comes from a
 * release that had no limit. (A second more is allowed, because stored times are rounded.)
 *
 * @param maxWaitMs the parameter of the statement that is GEMINI_MAX_WAIT
 */
export const pauseOf = (maxWaitMs: string): string =>
  `SELECT s.paused_until FROM model_pauses s
   WHERE s.model = m.model AND s.paused_until > now() AND s.paused_until <= now() + ${maxWaitMs} * interval '1 millisecond' + interval '1 second'`;

/** A reply that cannot go on before its model takes requests again. */
export interface Pause {
  readonly model: string;
  /** Of the reply. */
  readonly status: 'pending' | 'streaming';
  readonly until: Date;
}
