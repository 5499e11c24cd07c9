/**
 * Delivers one-time codes and notices by SMS, e-mail or the log, behind one interface. Only this folder calls Twilio or
 * a mail server.
 */
export { OtpDelivery, OtpDeliveryError } from './otp-delivery.js';
export { OtpDeliveryModule } from './otp-delivery.module.js';
