import type { Transaction } from '../../database/database.js';

/** The contents of an account, locked by a transaction. */
export interface LockedContents {
  /** Deletes the contents. The row of the user has to be locked before. */
  delete(): Promise<void>;
  /** Stops all work on the contents, after the transaction has committed. Never fails. */
  forget(): Promise<void>;
}

/**
 * The contents of accounts in modules above this one, which cannot be imported here. The application binds the
 * implementation.
 */
export abstract class AccountContents {
  /** Locks the rows that every writer of the contents locks before the row of the user. */
  abstract lock(transaction: Transaction, userId: string): Promise<LockedContents>;
}
