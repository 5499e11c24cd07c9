import { Module } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { StripeAccount } from './stripe-account.js';
import { StripeClient } from './stripe.client.js';

@Module({
  providers: [
    {
      provide: StripeAccount,
      inject: [InjectConfig.TOKEN],
      useFactory: (config: Config) => new StripeAccount(clientOf(config)),
    },
  ],
  exports: [StripeAccount],
})
export class StripeModule {}

/** Null without a key. The configuration requires the other settings of Stripe together with the key. */
function clientOf(config: Config): StripeClient | null {
  const { STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET, STRIPE_WEBHOOK_SECRET_PREVIOUS, STRIPE_PRICE_PRO_ID, STRIPE_BASE_URL } = config;
  if (STRIPE_SECRET_KEY === undefined || STRIPE_WEBHOOK_SECRET === undefined || STRIPE_PRICE_PRO_ID === undefined) return null;
  return new StripeClient({
    apiKey: STRIPE_SECRET_KEY,
    pricePro: STRIPE_PRICE_PRO_ID,
    webhookSecrets: [STRIPE_WEBHOOK_SECRET, ...(STRIPE_WEBHOOK_SECRET_PREVIOUS === undefined ? [] : [STRIPE_WEBHOOK_SECRET_PREVIOUS])],
    timeoutMs: config.STRIPE_TIMEOUT,
    ...(STRIPE_BASE_URL === undefined ? {} : { baseUrl: STRIPE_BASE_URL }),
  });
}
