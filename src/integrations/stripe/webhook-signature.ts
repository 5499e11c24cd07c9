import Stripe from 'stripe';

/** How old, or how far ahead, the time of a signature may be: Stripe's own tolerance. */
const TOLERANCE_SECONDS = 300;

/**
 * The event in a webhook's body, null unless one of the secrets signed these very bytes within five minutes of now.
 * https://docs.stripe.com/webhooks#verify-manually
 *
 * @param header `Stripe-Signature`
 * @param secrets more than one while they are rotated
 */
export function verifyEvent(body: Buffer, header: string, secrets: readonly string[]): Stripe.Event | null {
  // The SDK takes any time that lies ahead.
  const latest = Date.now() / 1_000 + TOLERANCE_SECONDS;
  if ([...header.matchAll(/(?:^|,)\s*t=([^,]*)/g)].some(([, time]) => !(Number(time) <= latest))) return null;
  for (const secret of secrets) {
    try {
      const event = Stripe.webhooks.constructEvent(body, header, secret, TOLERANCE_SECONDS);
      return isEvent(event) ? event : null;
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeSignatureVerificationError)) return null;
    }
  }
  return null;
}

/** A thin event, or what else the secret may have been used to sign, is none. */
function isEvent(value: unknown): boolean {
  const { id, object, type, data } = value as Readonly<Record<string, unknown>>;
  return (
    typeof id === 'string' &&
    object === 'event' &&
    typeof type === 'string' &&
    typeof (data as { object?: unknown } | null)?.object === 'object'
  );
}
