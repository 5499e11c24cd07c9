import { Logger } from '@nestjs/common';
import { OtpDelivery, type OutgoingMessage } from './otp-delivery.js';

/** Logs the message, for developers. If the log may not have codes, it logs how to have them delivered. */
export class LogDelivery extends OtpDelivery {
  override readonly isSms = false;
  private readonly logger = new Logger('OtpDelivery');

  constructor(private readonly printsCodes: boolean) {
    super();
  }

  override send({ mobileNumber, text }: OutgoingMessage): Promise<void> {
    if (this.printsCodes) this.logger.log(`to ${mobileNumber}: ${text}`);
    else
      this.logger.warn('a message was not delivered: set OTP_DELIVERY to twilio or smtp, or OTP_LOG_CODES=true to have codes printed here');
    return Promise.resolve();
  }
}
