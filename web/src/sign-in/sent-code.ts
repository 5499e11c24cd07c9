import type { Challenge } from '../api/client.ts';

/** A code that was sent, and the number that it was sent to. */
export interface SentCode {
  readonly challenge: Pick<Challenge, 'challenge_id' | 'otp'>;
  /** Unknown where a password comes first: the challenge says whose it is. */
  readonly mobileNumber: string;
}
