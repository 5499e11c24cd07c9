import type { LoggerService } from '@nestjs/common';
import type { Config } from '../config/env.js';

/** Warns at the start of valid settings that are probably a mistake. */
export function warnOfSettings(config: Config, logger: LoggerService): void {
  if (config.NODE_ENV !== 'production') return;
  warnOfDelivery(config, logger);
  const { STRIPE_SECRET_KEY: key, STRIPE_BASE_URL } = config;
  if (key !== undefined && STRIPE_BASE_URL === undefined && /^[sr]k_test_/.test(key)) {
    logger.warn('STRIPE_SECRET_KEY is of test mode in production: nobody is charged, and test cards buy the Pro plan.', 'Settings');
  }
}

function warnOfDelivery({ OTP_DELIVERY, OTP_LOG_CODES }: Config, logger: LoggerService): void {
  if (OTP_DELIVERY !== 'log') return;
  const consequence = OTP_LOG_CODES
    ? 'whoever reads the log can sign in as anybody (OTP_LOG_CODES=true)'
    : 'codes reach nobody, as OTP_LOG_CODES is not true';
  logger.warn(`OTP_DELIVERY=log in production: ${consequence}. Set it to twilio or smtp.`, 'Settings');
}
