import { Logger } from '@nestjs/common';
import { type CodeMessage, OtpDelivery } from './otp-delivery.js';

/** For developers: the message is a line of the log. */
export class LogDelivery extends OtpDelivery {
  override readonly isSms = false;
  private readonly logger = new Logger('OtpDelivery');

  override send({ mobileNumber, text }: CodeMessage): Promise<void> {
    this.logger.log(`to ${mobileNumber}: ${text}`);
    return Promise.resolve();
  }
}
