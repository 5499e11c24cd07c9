import type { Challenge } from '../api/client.ts';

/** A code that was sent, and the number that it was sent to. */
export interface SentCode {
  readonly challenge: Pick<Challenge, 'challenge_id' | 'otp'>;
  /** Null where a username and a password led to the code. */
  readonly mobileNumber: string | null;
}

export type SentToNumber = SentCode & { readonly mobileNumber: string };

/** Usernames begin with a letter. */
export const isMobileNumber = (identifier: string): boolean => !/^\s*[a-z]/i.test(identifier);
