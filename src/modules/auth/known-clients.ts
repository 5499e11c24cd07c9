import { Injectable } from '@nestjs/common';
import { networkOf } from '../../common/client.js';
import { type CounterLimit, Counters } from '../../database/counters.js';
import { type AccountName, SessionsRepository } from './sessions.repository.js';

/** How long a code that was given from a network makes it known. */
const PROVED: CounterLimit = { limit: 1, windowSeconds: 900 };

/**
 * Networks that an account's owner is known at: the account has had a session from there, or one of its codes was given there a moment ago. The
 * failures of strangers elsewhere do not hold these up.
 */
@Injectable()
export class KnownClients {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly counters: Counters,
  ) {}

  /** The same statements for an account and for none. */
  async isKnown(account: AccountName, ip: string): Promise<boolean> {
    const network = networkOf(ip);
    const addresses = await this.sessions.addressesOf(account);
    const [proved] = await this.counters.peekAll([{ key: proof(account.userId ?? '', network), ...PROVED }]);
    return proved?.free === false || addresses.some((address) => networkOf(address) === network);
  }

  /** Notes that the owner has given a code from here. */
  async remember(userId: string, ip: string): Promise<void> {
    await this.counters.take(proof(userId, networkOf(ip)), PROVED);
  }
}

const proof = (userId: string, network: string): string[] => ['code given', userId, network];
