/** What a password leads to where administrators need a code, too. */
export interface AskedCode {
  readonly challengeId: string;
  /** What the password was given with: a username or a mobile number. */
  readonly identifier: string;
}
