/** A message with a code, and its recipient. */
export interface CodeMessage {
  /** The number in E.164. */
  readonly mobileNumber: string;
  /** Null for an account without one. */
  readonly email: string | null;
  readonly subject: string;
  readonly text: string;
}

/** Delivers codes, in the way that `OTP_DELIVERY` chooses. */
export abstract class OtpDelivery {
  /** Whether a delivery costs money and counts against `SMS_DAILY_BUDGET`. */
  abstract readonly isSms: boolean;

  /** Resolves when the vendor has accepted the message. @throws OtpDeliveryError */
  abstract send(message: CodeMessage): Promise<void>;
}

/** The vendor did not accept a message. The error's text has neither the code nor the number. */
export class OtpDeliveryError extends Error {
  override readonly name = 'OtpDeliveryError';

  constructor(
    message: string,
    /** Whether the vendor may accept the same message later. */
    readonly isRetryable: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
