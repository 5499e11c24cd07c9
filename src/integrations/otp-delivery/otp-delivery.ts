/** A message, such as one with a code, and its recipient. */
export interface OutgoingMessage {
  /** The number in E.164. */
  readonly mobileNumber: string;
  /** Null for an account without one. */
  readonly email: string | null;
  readonly subject: string;
  readonly text: string;
}

/** Delivers codes, and notices to users, in the way that `OTP_DELIVERY` chooses. */
export abstract class OtpDelivery {
  /** Whether a delivery costs money and counts against `SMS_DAILY_BUDGET`. */
  abstract readonly isSms: boolean;

  /** Resolves when the vendor has accepted the message. @throws OtpDeliveryError */
  abstract send(message: OutgoingMessage): Promise<void>;
}

/** A vendor's refusal, for the log. */
interface DeliveryAnswer {
  readonly vendor: 'twilio' | 'smtp';
  /** Null when there was no response. */
  readonly status: number | null;
  /** The vendor's own code of the reason. */
  readonly reason: number | null;
}

/** The vendor did not accept a message. The error's text has neither the code nor the number. */
export class OtpDeliveryError extends Error {
  override readonly name = 'OtpDeliveryError';
  /** Null where the vendor was not asked. */
  readonly answer: DeliveryAnswer | null;

  constructor(
    message: string,
    /** Whether the vendor may accept the same message later. */
    readonly isRetryable: boolean,
    { answer = null, cause }: ErrorOptions & { readonly answer?: DeliveryAnswer | null } = {},
  ) {
    super(message, { cause });
    this.answer = answer;
  }
}
