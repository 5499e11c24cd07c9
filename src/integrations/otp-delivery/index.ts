/**
 * Hands one-time codes to people by SMS, e-mail or the log, behind one interface. The only place that speaks to Twilio or a mail server.
 */
export { OtpDelivery, OtpDeliveryError } from './otp-delivery.js';
export { OtpDeliveryModule } from './otp-delivery.module.js';
