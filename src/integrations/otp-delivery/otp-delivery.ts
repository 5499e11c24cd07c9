/** A code and where it goes. */
export interface CodeMessage {
  /** In E.164. */
  readonly mobileNumber: string;
  /** Null for an account without one. */
  readonly email: string | null;
  readonly subject: string;
  readonly text: string;
}

/** A way for codes to reach people, chosen by `OTP_DELIVERY`. */
export abstract class OtpDelivery {
  /** Whether a delivery is paid for and counts against `SMS_DAILY_BUDGET`. */
  abstract readonly isSms: boolean;

  /** Resolves when the vendor has taken the message over. @throws OtpDeliveryError */
  abstract send(message: CodeMessage): Promise<void>;
}

/** The vendor did not take a message. Neither the code nor the number is in its words. */
export class OtpDeliveryError extends Error {
  override readonly name = 'OtpDeliveryError';

  constructor(
    message: string,
    /** Whether the same message may be taken later. */
    readonly isRetryable: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
