import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { RepeatedError } from '../../common/logging/repeated-error.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import {
  type AccountGuard,
  BillingUnavailableError,
  type KeyFault,
  PaymentProviderRefusedError,
  StripeAccount,
  type StripeIdentity,
} from '../../integrations/stripe/index.js';
import { isSameAccount } from './billing-rules.js';
import { StripeAccountsRepository } from './stripe-accounts.repository.js';

/** The stored account may be corrected by hand; a process notices that by itself. */
const CHECK_EVERY_MS = 60_000;
const CHECK_FAULT_EVERY_MS = 10_000;

/**
 * Lets calls to Stripe pass only with a key that Stripe accepts, of the account and mode whose customers are stored
 * here. With the key of another one Stripe knows none of them, and whatever followed from that would be wrong. The
 * first process that can ask Stripe stores the account.
 */
@Injectable()
export class AccountGuardService implements AccountGuard, OnModuleInit, OnApplicationBootstrap {
  private readonly faults = new RepeatedError(new Logger(AccountGuardService.name));
  private identity: StripeIdentity | null = null;
  private verdict: { readonly fault: KeyFault | null; readonly until: number } | null = null;
  private check: Promise<void> | null = null;

  constructor(
    private readonly stripe: StripeAccount,
    private readonly accounts: StripeAccountsRepository,
    @InjectConfig() private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.stripe.guardBy(this);
  }

  /** A start does not wait for Stripe. What fails now is tried again with the first call. */
  onApplicationBootstrap(): void {
    if (this.stripe.isConnected) void this.admit().catch(() => undefined);
  }

  get fault(): KeyFault | null {
    return this.verdict?.fault ?? null;
  }

  async admit(): Promise<void> {
    if (this.verdict === null || performance.now() >= this.verdict.until) {
      this.check ??= this.compare().finally(() => {
        this.check = null;
      });
      await this.check;
    }
    if (this.fault === 'other_account') throw new BillingUnavailableError();
    if (this.fault === 'key_refused') throw new PaymentProviderRefusedError();
  }

  /** The key may have been revoked: Stripe is asked about it at once. */
  noteRefusedKey(): void {
    if (this.fault !== null) return;
    this.identity = null;
    this.verdict = null;
    void this.admit().catch(() => undefined);
  }

  private async compare(): Promise<void> {
    const fault = await this.findFault();
    this.verdict = { fault, until: performance.now() + (fault === null ? CHECK_EVERY_MS : CHECK_FAULT_EVERY_MS) };
  }

  private async findFault(): Promise<KeyFault | null> {
    const identity = this.identity ?? (await this.identify());
    if (identity === null) {
      this.faults.log('Stripe does not accept the key: no call is made until it is corrected');
      return 'key_refused';
    }
    this.identity = identity;
    const stored = await this.accounts.store(identity);
    if (isSameAccount(stored, identity)) return null;
    this.faults.log(
      `the Stripe key belongs to ${nameOf(identity)}, and the customers of this database to ` +
        `${nameOf({ accountId: stored.accountId, isLive: stored.livemode })}: no call is made until the key is corrected`,
    );
    return 'other_account';
  }

  /** @returns null for a key that Stripe does not accept */
  private async identify(): Promise<StripeIdentity | null> {
    try {
      const identity = await this.stripe.client.identify();
      // While one develops, keys come and go. In production another account needs a decision.
      if (this.config.NODE_ENV === 'development') await this.forgetOther(identity);
      return identity;
    } catch (error) {
      if (error instanceof PaymentProviderRefusedError) return null;
      throw error;
    }
  }

  private async forgetOther(identity: StripeIdentity): Promise<void> {
    const stored = await this.accounts.find();
    if (stored && !isSameAccount(stored, identity)) await this.accounts.forgetUnused();
  }
}

const nameOf = ({ accountId, isLive }: StripeIdentity): string => `${accountId ?? 'an account'} in ${isLive ? 'live' : 'test'} mode`;
