import { Injectable } from '@nestjs/common';
import { keyedHashesOf } from '../../common/keyed-hash.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { StripeSubscription } from '../../integrations/stripe/index.js';
import { TrialsRepository } from './trials.repository.js';

type Identity = readonly ['number' | 'email' | 'card', string];

/**
 * The trial of Pro, which a person has once. A person is recognised by the verified mobile number, by the e-mail
 * address and by the card. The card is known only when the trial has begun, so that a trial with the card of another
 * one ends at once.
 *
 * The hashes depend on JWT_SECRET: once JWT_SECRET_PREVIOUS is removed after a change, earlier trials are forgotten.
 */
@Injectable()
export class TrialsService {
  constructor(
    private readonly trials: TrialsRepository,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** The days of trial that the next subscription of a user begins with; 0 for none. */
  async getDays(userId: string): Promise<number> {
    const { PRO_TRIAL_DAYS = 0 } = this.config;
    if (PRO_TRIAL_DAYS === 0) return 0;
    const person = await this.trials.findPerson(userId, null);
    if (!person || person.had_trial) return 0;
    return (await this.trials.isClaimed(this.hashesOf(identitiesOf(person)), null)) ? 0 : PRO_TRIAL_DAYS;
  }

  /**
   * Claims the trials among a user's subscriptions. A repeat changes nothing.
   *
   * @returns the ids of those whose person had another trial before
   */
  async claim(
    { userId, stripeCustomerId }: { userId: string; stripeCustomerId: string },
    subscriptions: readonly StripeSubscription[],
  ): Promise<ReadonlySet<string>> {
    const repeated = new Set<string>();
    for (const { stripeSubscriptionId: id, trial } of subscriptions) {
      if (trial === null) continue;
      const person = await this.trials.findPerson(userId, stripeCustomerId);
      const card: Identity[] = trial.cardFingerprint === null ? [] : [['card', trial.cardFingerprint]];
      const identities = [...(person ? identitiesOf(person) : []), ...card];
      await this.trials.claim(this.currentHashesOf(identities), id);
      if (await this.trials.isClaimed(this.hashesOf(identities), id)) repeated.add(id);
    }
    return repeated;
  }

  private currentHashesOf(identities: readonly Identity[]): Buffer[] {
    return identities.map((identity) => this.allHashesOf(identity)[0]);
  }

  private hashesOf(identities: readonly Identity[]): Buffer[] {
    return identities.flatMap((identity) => this.allHashesOf(identity));
  }

  private allHashesOf([kind, value]: Identity): [Buffer, ...Buffer[]] {
    return keyedHashesOf(`${kind}:${value}`, 'trials', this.config);
  }
}

const identitiesOf = ({ email, verified_number: number }: { email: string | null; verified_number: string | null }): Identity[] => [
  ...(number === null ? [] : [['number', number] as const]),
  ...(email === null ? [] : [['email', email.toLowerCase()] as const]),
];
