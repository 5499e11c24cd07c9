/** A refresh token that a client has sent, and the stored hashes of its session. */
export interface PresentedToken {
  /** The hash of the token that was sent. */
  readonly hash: Buffer;
  /** The hash of its successor. */
  readonly successorHash: Buffer;
  readonly currentHash: Buffer;
  readonly spentHash: Buffer | null;
  /** Whether `spentHash` was spent less than 30 s ago. */
  readonly isSpentRecently: boolean;
}

/**
 * Judges a refresh token that is, or was, one of its session.
 *
 * - `rotate`: the token is the current one.
 * - `repeat`: the token was spent less than 30 s ago, and its successor has not been used. A client that lost the first
 *   response gets the same successor again.
 * - `reuse`: otherwise. Two parties hold tokens of one family.
 */
export function judgeRefresh({
  hash,
  successorHash,
  currentHash,
  spentHash,
  isSpentRecently,
}: PresentedToken): 'rotate' | 'repeat' | 'reuse' {
  if (hash.equals(currentHash)) return 'rotate';
  return isSpentRecently && spentHash?.equals(hash) === true && currentHash.equals(successorHash) ? 'repeat' : 'reuse';
}
