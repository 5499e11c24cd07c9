/**
 * A subquery: the time until which the model of the message `m` is paused, if it is. A pause that is longer than the
 * setting allows does not hold: it comes from a release that had no limit. One second more is allowed, because stored
 * times are rounded. The statement declares `MODEL_PAUSE_PARAMETERS`.
 */
export const MODEL_PAUSE = `SELECT s.paused_until FROM model_pauses s
   WHERE s.model = m.model AND s.paused_until > now()
     AND s.paused_until <= now() + :max_wait_ms * interval '1 millisecond' + interval '1 second'`;

/** `max_wait_ms` is GEMINI_MAX_WAIT. */
export const MODEL_PAUSE_PARAMETERS = { max_wait_ms: 'float8' } as const;

/** A reply that waits until its model takes requests again. */
export interface ModelPause {
  readonly model: string;
  /** The status of the reply. */
  readonly status: 'pending' | 'streaming';
  readonly until: Date;
}
