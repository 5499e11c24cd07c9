import type { LoggerService } from '@nestjs/common';
import type { Config } from '../config/env.js';

/** Warns at the start of valid settings that are probably a mistake. */
export function warnOfSettings({ NODE_ENV, OTP_DELIVERY, OTP_LOG_CODES }: Config, logger: LoggerService): void {
  if (NODE_ENV !== 'production' || OTP_DELIVERY !== 'log') return;
  const consequence = OTP_LOG_CODES
    ? 'whoever reads the log can sign in as anybody (OTP_LOG_CODES=true)'
    : 'codes reach nobody, as OTP_LOG_CODES is not true';
  logger.warn(`OTP_DELIVERY=log in production: ${consequence}. Set it to twilio or smtp.`, 'Settings');
}
