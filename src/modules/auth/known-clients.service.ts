import { Injectable } from '@nestjs/common';
import { networkOf } from '../../common/client.js';
import { type CounterLimit, Counters } from '../../database/counters.js';
import { type AccountName, SessionsRepository } from './sessions.repository.js';

/** The time for which a network is known after a code was given from it. */
const PROVED: CounterLimit = { limit: 1, windowSeconds: 900 };

/**
 * The networks that an account's owner is known at: the account has had a session from there, or one of its codes was
 * recently given there. Failed attempts of strangers elsewhere do not block the owner there.
 */
@Injectable()
export class KnownClientsService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly counters: Counters,
  ) {}

  /** Runs the same statements whether or not there is an account. */
  async isKnown(account: AccountName, ip: string): Promise<boolean> {
    const network = networkOf(ip);
    const addresses = await this.sessions.addressesOf(account);
    const [proved] = await this.counters.peekAll([{ key: proof(account.userId ?? '', network), ...PROVED }]);
    return proved?.free === false || addresses.some((address) => networkOf(address) === network);
  }

  /** Records that the owner has given a code from this address. */
  async remember({ userId, ip }: { readonly userId: string; readonly ip: string }): Promise<void> {
    await this.counters.take(proof(userId, networkOf(ip)), PROVED);
  }
}

const proof = (userId: string, network: string): string[] => ['code given', userId, network];
