import { Logger } from '@nestjs/common';

/** Every value of the field `event`, with its level and its meaning; docs/operations.md lists them. */
export const SECURITY_EVENTS = {
  sign_in_refused: { level: 'log', meaning: 'A password was wrong, or the account is unknown or disabled.' },
  code_refused: { level: 'log', meaning: 'A one-time code was wrong, used or expired.' },
  code_exhausted: { level: 'warn', meaning: 'All attempts at a code, or at the codes of a number from one network, are used up.' },
  refresh_reused: { level: 'warn', meaning: 'A spent refresh token came again, and its session was ended.' },
  access_refused: { level: 'log', meaning: 'A request was answered with 403.' },
  throttled: { level: 'log', meaning: 'A request was refused by a limit of requests, sign-ins or codes.' },
  session_started: { level: 'log', meaning: 'A user signed in.' },
  session_ended: { level: 'log', meaning: 'A session was ended by its user.' },
  sessions_ended: { level: 'log', meaning: 'All live sessions of a user, or all but the current one, were ended.' },
  password_changed: { level: 'log', meaning: 'A password was changed or set with a code.' },
  role_changed: { level: 'warn', meaning: 'An administrator changed the role of an account.' },
  administrator_created: { level: 'log', meaning: 'A command on the server created an administrator.' },
  account_disabled: { level: 'warn', meaning: 'An administrator disabled an account.' },
  account_enabled: { level: 'warn', meaning: 'An administrator enabled an account.' },
} as const satisfies Record<string, { readonly level: 'log' | 'warn'; readonly meaning: string }>;

export type SecurityEvent = keyof typeof SECURITY_EVENTS;

const logger = new Logger('Security');

/**
 * @param fields ids and codes; never a number, a name, a password, a code or a token
 * @param transaction what the event is part of: it is logged after the commit, and not at all after a rollback
 */
export function logSecurityEvent(
  event: SecurityEvent,
  fields: Readonly<Record<string, string | number | null>>,
  transaction?: { afterCommit(effect: () => void): void },
): void {
  const log = () => {
    logger[SECURITY_EVENTS[event].level](event, { event, ...fields });
  };
  if (transaction === undefined) log();
  else transaction.afterCommit(log);
}
