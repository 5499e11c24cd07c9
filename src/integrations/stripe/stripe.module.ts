import { Module } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { pricesOf } from '../../config/prices.js';
import { Counters } from '../../database/counters.js';
import { PacedHttpClient } from './paced-http-client.js';
import { StripeAccount } from './stripe-account.js';
import { StripeClient } from './stripe.client.js';
import { isLiveKey } from './stripe.connection.js';

/**
 * Paces that keep a second below 25 calls, together with those that may be made at once: 25 is Stripe's limit of one
 * endpoint in live mode, and of a whole sandbox, which developers and their tests often share.
 * https://docs.stripe.com/rate-limits
 */
const LIVE_CALLS_PER_SECOND = 20;
const TEST_CALLS_PER_SECOND = 12;

@Module({
  providers: [
    {
      provide: StripeAccount,
      inject: [InjectConfig.TOKEN, Counters],
      useFactory: (config: Config, counters: Counters) => new StripeAccount(clientOf(config, counters)),
    },
  ],
  exports: [StripeAccount],
})
export class StripeModule {}

/** Null without a key. The configuration requires the other settings of Stripe together with the key. */
function clientOf(config: Config, counters: Counters): StripeClient | null {
  const { STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET, STRIPE_WEBHOOK_SECRET_PREVIOUS, STRIPE_BASE_URL } = config;
  const prices = pricesOf(config).map(({ reference }) => reference);
  if (STRIPE_SECRET_KEY === undefined || STRIPE_WEBHOOK_SECRET === undefined || prices.length === 0) return null;
  return new StripeClient({
    apiKey: STRIPE_SECRET_KEY,
    prices,
    webhookSecrets: [STRIPE_WEBHOOK_SECRET, ...(STRIPE_WEBHOOK_SECRET_PREVIOUS === undefined ? [] : [STRIPE_WEBHOOK_SECRET_PREVIOUS])],
    portalConfiguration: config.STRIPE_PORTAL_CONFIGURATION,
    timeoutMs: config.STRIPE_TIMEOUT,
    checkout: {
      promotionCodes: config.STRIPE_PROMOTION_CODES,
      automaticTax: config.STRIPE_AUTOMATIC_TAX,
      termsConsent: config.STRIPE_TERMS_CONSENT,
    },
    httpClient: new PacedHttpClient(counters, {
      key: STRIPE_SECRET_KEY,
      callsPerSecond: config.STRIPE_MAX_CALLS_PER_SECOND ?? (isLiveKey(STRIPE_SECRET_KEY) ? LIVE_CALLS_PER_SECOND : TEST_CALLS_PER_SECOND),
    }),
    ...(STRIPE_BASE_URL === undefined ? {} : { baseUrl: STRIPE_BASE_URL }),
  });
}
