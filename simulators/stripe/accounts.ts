/** Finds the account that an API key opens. */
import { Store } from './store.js';
import { World } from './world.js';

export const OWN_ACCOUNT = 'acct_simulated';

/** What a key is good for. Every key that nothing is said of opens the simulated account in test mode. */
export interface KeyUse {
  key: string;
  account: string;
  livemode: boolean;
  revoked: boolean;
}

/**
 * The simulated account, which keeps its state and sends webhooks, and others that exist so that a wrong key can be
 * tried: they begin empty, and are forgotten with the process.
 */
export class Accounts {
  private readonly uses = new Map<string, KeyUse>();
  private readonly others = new Map<string, World>();

  /** @param onlyKey the one key that is accepted, beside those that were assigned */
  constructor(
    readonly own: World,
    private readonly onlyKey: string | undefined,
  ) {}

  assign(use: KeyUse): void {
    this.uses.set(use.key, use);
  }

  release(key: string): void {
    this.uses.delete(key);
  }

  assigned(): KeyUse[] {
    return [...this.uses.values()];
  }

  /** The account that the key opens; undefined for a key that Stripe would not know, or no longer. */
  worldOf(key: string): World | undefined {
    const use = this.uses.get(key);
    if (use?.revoked === true) return undefined;
    if (use !== undefined) return this.world(use);
    const known = this.onlyKey === undefined ? /^(?:sk|rk)_test_\w+$/.test(key) : key === this.onlyKey;
    return known ? this.own : undefined;
  }

  private world({ account, livemode }: KeyUse): World {
    if (account === OWN_ACCOUNT && !livemode) return this.own;
    const name = `${account} ${String(livemode)}`;
    const { clock, rules, address } = this.own;
    const world = this.others.get(name) ?? new World(new Store(), clock, rules, address, () => undefined, { id: account, livemode });
    this.others.set(name, world);
    if (account === OWN_ACCOUNT) world.otherMode = this.own;
    return world;
  }
}
