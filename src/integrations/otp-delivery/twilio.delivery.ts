import { OtpDelivery, OtpDeliveryError, type OutgoingMessage } from './otp-delivery.js';

const TIMEOUT_MS = 10_000;

export interface TwilioOptions {
  readonly baseUrl: string;
  readonly accountSid: string;
  readonly authToken: string;
  /** A number in E.164, a messaging service's id or an alphanumeric sender. */
  readonly from: string;
}

/** Sends an SMS by Twilio: POST …/Messages.json, twilio.com/docs/messaging/api/message-resource. */
export class TwilioDelivery extends OtpDelivery {
  override readonly isSms = true;

  constructor(private readonly options: TwilioOptions) {
    super();
  }

  override async send({ mobileNumber, text }: OutgoingMessage): Promise<void> {
    const { baseUrl, accountSid, authToken, from } = this.options;
    const sender = from.startsWith('MG') ? { MessagingServiceSid: from } : { From: from };
    let response: Response;
    try {
      response = await fetch(new URL(`/2010-04-01/Accounts/${accountSid}/Messages.json`, baseUrl), {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}` },
        body: new URLSearchParams({ To: mobileNumber, Body: text, ...sender }),
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      throw new OtpDeliveryError('Twilio could not be reached', true, {
        answer: { vendor: 'twilio', status: null, reason: null },
        cause: error,
      });
    }
    if (response.ok) {
      await response.body?.cancel();
      return;
    }
    // twilio.com/docs/usage/twilios-response: 429 and 5xx are transient; any other 4xx is permanent.
    const code = await vendorCode(response);
    const { status } = response;
    throw new OtpDeliveryError(`Twilio answered ${status}${code === null ? '' : ` (error ${code})`}`, status === 429 || status >= 500, {
      answer: { vendor: 'twilio', status, reason: code },
    });
  }
}

/** Reads only the code of Twilio's error, because its text may have the recipient's number. */
async function vendorCode(response: Response): Promise<number | null> {
  try {
    const { code } = (await response.json()) as { code?: unknown };
    return typeof code === 'number' ? code : null;
  } catch {
    return null;
  }
}
