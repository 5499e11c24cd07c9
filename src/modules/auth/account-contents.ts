import type { Transaction } from '../../database/database.js';

/** Contents of an account that a transaction has locked. */
export interface LockedContents {
  /** Deletes them; the row of the user is to be locked first. */
  delete(): Promise<void>;
  /** Once that is committed: stops what still works on them. Never fails. */
  forget(): Promise<void>;
}

/** What an account holds in modules above this one, which cannot be imported here: an application binds the class that knows them. */
export abstract class AccountContents {
  /** Locks what whoever writes them locks before the row of the user. */
  abstract lock(transaction: Transaction, userId: string): Promise<LockedContents>;
}
