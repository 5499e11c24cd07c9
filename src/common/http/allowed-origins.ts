/** Stands in a list of origins for every origin of this machine, at any port. */
export const LOOPBACK = 'loopback';

const LOOPBACK_ORIGIN = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/;

/** True for an origin whose pages may call the API and use its refresh cookie. */
export const isAllowedOrigin = (origin: string, allowed: readonly string[]): boolean =>
  (origin !== LOOPBACK && allowed.includes(origin)) || (allowed.includes(LOOPBACK) && LOOPBACK_ORIGIN.test(origin));
