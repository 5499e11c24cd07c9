import { Injectable } from '@nestjs/common';
import { keyedHashesOf } from '../../common/keyed-hash.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { StatementRunner } from '../../database/database.js';
import { ErasedDaysRepository } from './erased-days.repository.js';

interface NumberedAccount {
  readonly userId: string;
  /** The number in its canonical form. */
  readonly mobileNumber: string;
}

/**
 * The day's messages of erased accounts, so that the daily limit belongs to the person: the next account with the
 * number begins the day with them. Only verified numbers are kept, because anybody can sign up with a number that is
 * not theirs. A row holds an HMAC of the number, no other personal data, and is deleted after its day.
 *
 * The key is derived from JWT_SECRET. Rows under JWT_SECRET_PREVIOUS are found too; once that is removed, the day's
 * rows under the old key are lost.
 */
@Injectable()
export class ErasedDaysService {
  constructor(
    private readonly days: ErasedDaysRepository,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * Keeps messages from being charged to the account's day until the transaction ends. The caller locks the account
   * afterwards, in the order of acceptance.
   */
  async hold(transaction: StatementRunner, userId: string): Promise<void> {
    await this.days.lockDay(transaction, userId);
  }

  /**
   * Keeps the day of a locked account that is about to be erased, if its number is verified. Messages that are sent
   * from now on find no account.
   */
  async keep(transaction: StatementRunner, { userId, mobileNumber }: NumberedAccount): Promise<void> {
    const [hash] = this.hashesOf(mobileNumber);
    await this.days.keep(transaction, userId, { hash });
  }

  /** Begins the day of an account, unless it has begun, with the messages that were kept under its number. */
  async begin(transaction: StatementRunner, { userId, mobileNumber }: NumberedAccount): Promise<void> {
    await this.days.begin(transaction, userId, { hashes: this.hashesOf(mobileNumber) });
  }

  /**
   * Adds the messages that were kept under the number of a locked account that is being verified, unless the account
   * began with them.
   *
   * @param account.restart true: what the account was charged so far was charged to another person, who did not hold
   * the number
   */
  async carry(transaction: StatementRunner, { userId, mobileNumber, restart }: NumberedAccount & { restart: boolean }): Promise<void> {
    const hashes = this.hashesOf(mobileNumber);
    await this.days.carry(transaction, userId, { hashes, restart });
    await this.days.begin(transaction, userId, { hashes });
  }

  /** The hashes under every accepted key, that of the current key first. */
  private hashesOf(mobileNumber: string): [Buffer, ...Buffer[]] {
    return keyedHashesOf(mobileNumber, 'numbers of erased accounts', this.config);
  }
}
