/** What is stored of a session's tokens, next to the token that came. */
export interface PresentedToken {
  /** Hash of the token that came. */
  readonly hash: Buffer;
  /** Hash of what would follow it. */
  readonly successorHash: Buffer;
  readonly currentHash: Buffer;
  readonly spentHash: Buffer | null;
  /** Whether `spentHash` was spent less than 30 s ago. */
  readonly isSpentRecently: boolean;
}

/**
 * What becomes of a refresh token that is, or was, of its session.
 *
 * - `rotate`: it is the current one.
 * - `repeat`: it was spent a moment ago and its successor has not been used: the same answer again, for a client that lost the first.
 * - `reuse`: anything else: two parties hold tokens of one family.
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
