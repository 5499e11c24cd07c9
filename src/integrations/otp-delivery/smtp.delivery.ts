import { createTransport } from 'nodemailer';
import { OtpDelivery, OtpDeliveryError, type OutgoingMessage } from './otp-delivery.js';

const TIMEOUT_MS = 10_000;

export interface SmtpOptions {
  /** `smtp://` uses STARTTLS where the server offers it, `smtps://` TLS from the start. */
  readonly url: string;
  readonly from: string;
}

/** Sends an e-mail to the address of the account. */
export class SmtpDelivery extends OtpDelivery {
  override readonly isSms = false;
  private readonly transport;

  constructor(private readonly options: SmtpOptions) {
    super();
    this.transport = createTransport({
      url: options.url,
      connectionTimeout: TIMEOUT_MS,
      greetingTimeout: TIMEOUT_MS,
      socketTimeout: TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  override async send({ email, subject, text }: OutgoingMessage): Promise<void> {
    if (email === null) throw new OtpDeliveryError('the account has no e-mail address', false);
    try {
      await this.transport.sendMail({ from: this.options.from, to: { name: '', address: email }, subject, text });
    } catch (error) {
      const { responseCode } = error as { responseCode?: unknown };
      // RFC 5321, 4.2.1: 5xx is permanent, 4xx transient. No reply at all is a failure of the network, and transient.
      const isPermanent = typeof responseCode === 'number' && responseCode >= 500;
      throw new OtpDeliveryError(
        `the mail server ${typeof responseCode === 'number' ? `answered ${responseCode}` : 'could not be reached'}`,
        !isPermanent,
        { answer: { vendor: 'smtp', status: typeof responseCode === 'number' ? responseCode : null, reason: null }, cause: error },
      );
    }
  }
}
