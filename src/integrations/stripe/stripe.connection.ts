import { createHash } from 'node:crypto';
import { Logger } from '@nestjs/common';
import Stripe from 'stripe';
import { asOurs, isRefusal, PaymentProviderRefusedError } from './stripe.errors.js';
import type { StripeIdentity, ToOurTime } from './stripe-objects.js';

/**
 * The version of Stripe's API that this code was written for. Every call asks for it, whatever the account's default
 * is.
 */
export const STRIPE_API_VERSION = '2026-10-28.endive';

/** The items of one page of a list: the most that Stripe gives. */
export const PAGE = 100;
/**
 * A larger difference between Stripe's clock and ours is that of a test clock or a simulator, and not of a slow
 * response.
 */
const MAX_CLOCK_DIFFERENCE_MS = 300_000;

export interface ConnectionOptions {
  readonly apiKey: string;
  readonly timeoutMs: number;
  /** Sends the calls; by default as they come. */
  readonly httpClient?: Stripe.HttpClient;
  readonly baseUrl?: string;
}

/** Is asked before each call. */
export interface CallGuard {
  /** @throws BillingUnavailableError or PaymentProviderRefusedError when the call must not be made */
  admit(): Promise<void>;
  /** Learns that Stripe did not accept the key of a call. */
  noteRefusedKey(): void;
}

/**
 * Makes the calls. Each throws BillingUnavailableError when Stripe cannot be reached, and StripeRefusalError when it
 * refuses the request.
 */
export class StripeConnection {
  readonly sdk: Stripe;
  /** True for a key of live mode, false for one of test mode. */
  readonly isLive: boolean;
  private guard: CallGuard | null = null;

  constructor({ apiKey, timeoutMs, httpClient, baseUrl }: ConnectionOptions) {
    this.isLive = isLiveKey(apiKey);
    this.sdk = new Stripe(apiKey, {
      apiVersion: STRIPE_API_VERSION,
      timeout: timeoutMs,
      maxNetworkRetries: 2,
      telemetry: false,
      ...(httpClient === undefined ? {} : { httpClient }),
      ...(baseUrl === undefined ? {} : addressOf(baseUrl)),
    });
  }

  /** Has a guard asked before each call to Stripe, which is not made when `admit` rejects. */
  guardBy(guard: CallGuard): void {
    this.guard = guard;
  }

  /**
   * The account of the key. It is the one call that the guard does not stop.
   *
   * @throws BillingUnavailableError; PaymentProviderRefusedError for a key that Stripe does not accept
   */
  async identify(): Promise<StripeIdentity> {
    const { isLive } = this;
    try {
      return { accountId: (await this.sdk.accounts.retrieveCurrent()).id, isLive };
    } catch (error) {
      if (error instanceof Stripe.errors.StripePermissionError) return { accountId: null, isLive };
      throw noted(error);
    }
  }

  async request<T>(call: () => Promise<T>): Promise<T> {
    await this.guard?.admit();
    try {
      return await call();
    } catch (error) {
      const ours = noted(error);
      if (this.guard === null || !(error instanceof Stripe.errors.StripeAuthenticationError)) throw ours;
      // The guard tells the operator, so that this refusal is as those that it makes itself.
      this.guard.noteRefusedKey();
      throw new PaymentProviderRefusedError();
    }
  }

  /** The same, with null for an object that Stripe does not know. */
  async requestOrNull<T>(call: () => Promise<T | null>): Promise<T | null> {
    try {
      return await this.request(call);
    } catch (error) {
      if (isRefusal(error, 'resource_missing')) return null;
      throw error;
    }
  }
}

const logger = new Logger('Stripe');

/** Logs a failed call by Stripe's name of the reason, without its words, which may repeat the request. */
function noted(error: unknown): Error {
  if (error instanceof Stripe.errors.StripeError) {
    const { statusCode, code, type, param, requestId } = error;
    const line = {
      vendor: 'stripe',
      status: statusCode ?? null,
      reason: code ?? type,
      param: param ?? null,
      vendor_request_id: requestId ?? null,
    };
    // An object that does not exist is an answer to many questions.
    if (code === 'resource_missing') logger.debug('a call of Stripe failed', line);
    else logger.warn('a call of Stripe failed', line);
  }
  return asOurs(error);
}

/** The key of a request, the same for the same request: Stripe refuses other parameters under a key that it knows. */
export const idempotencyKeyOf = (kind: string, request: readonly unknown[]): string =>
  `${kind}-${createHash('sha256').update(JSON.stringify(request)).digest('hex')}`;

/** True for a key of live mode, false for one of test mode. */
export const isLiveKey = (key: string): boolean => /^[rs]k_live_/.test(key);

export function addressOf(baseUrl: string): Stripe.StripeConfig {
  const { hostname, port, protocol } = new URL(baseUrl);
  const isPlain = protocol === 'http:';
  return { host: hostname, port: port === '' ? (isPlain ? 80 : 443) : Number(port), protocol: isPlain ? 'http' : 'https' };
}

/**
 * Converts times between clocks. If Stripe's clock differs (a test clock, a simulator whose time was moved), a time
 * keeps its distance from now: one hour from Stripe's now is one hour from ours.
 *
 * @param date the `Date` header of a response, which is Stripe's now
 */
export function clockOf(date: string | undefined): ToOurTime {
  const ahead = date === undefined ? NaN : Date.parse(date) - Date.now();
  const shift = Math.abs(ahead) > MAX_CLOCK_DIFFERENCE_MS ? ahead : 0;
  return (seconds) => new Date(seconds * 1_000 - shift);
}
