import { Logger } from '@nestjs/common';
import { type CodeMessage, OtpDelivery } from './otp-delivery.js';

/** For developers: the message is a line of the log, if codes may be there; else the line tells how they would get out. */
export class LogDelivery extends OtpDelivery {
  override readonly isSms = false;
  private readonly logger = new Logger('OtpDelivery');

  constructor(private readonly printsCodes: boolean) {
    super();
  }

  override send({ mobileNumber, text }: CodeMessage): Promise<void> {
    if (this.printsCodes) this.logger.log(`to ${mobileNumber}: ${text}`);
    else this.logger.warn('a code reached nobody: set OTP_DELIVERY to twilio or smtp, or OTP_LOG_CODES=true to have codes printed here');
    return Promise.resolve();
  }
}
