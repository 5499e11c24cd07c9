import { Module } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { LogDelivery } from './log.delivery.js';
import { OtpDelivery } from './otp-delivery.js';
import { SmtpDelivery } from './smtp.delivery.js';
import { TwilioDelivery } from './twilio.delivery.js';

@Module({
  providers: [{ provide: OtpDelivery, inject: [InjectConfig.TOKEN], useFactory: createDelivery }],
  exports: [OtpDelivery],
})
export class OtpDeliveryModule {}

/** The setting `response` needs no delivery, but the queue may have jobs of an earlier setting. */
function createDelivery(config: Config): OtpDelivery {
  switch (config.OTP_DELIVERY) {
    case 'twilio':
      return new TwilioDelivery({
        baseUrl: config.TWILIO_BASE_URL,
        accountSid: config.TWILIO_ACCOUNT_SID ?? '',
        authToken: config.TWILIO_AUTH_TOKEN ?? '',
        from: config.TWILIO_FROM ?? '',
      });
    case 'smtp':
      return new SmtpDelivery({ url: config.SMTP_URL ?? '', from: config.SMTP_FROM ?? '' });
    case 'log':
    case 'response':
    case undefined:
      return new LogDelivery(config.OTP_LOG_CODES);
  }
}
