import Stripe from 'stripe';
import { z } from 'zod';

/** Stripe's own tolerance for the time of a signature, in the past and in the future. */
const TOLERANCE_SECONDS = 300;
/** The last second of the year 9999. */
const LAST_SECOND = 253_402_300_799;

/**
 * The event in the body of a webhook; null unless one of the secrets signed these bytes within five minutes of now.
 * https://docs.stripe.com/webhooks#verify-manually
 *
 * @param header the `Stripe-Signature` header
 * @param secrets more than one while they are rotated
 */
export function verifyEvent(body: Buffer, header: string, secrets: readonly string[]): SignedEvent | null {
  // The SDK accepts any time in the future.
  const latest = Date.now() / 1_000 + TOLERANCE_SECONDS;
  if ([...header.matchAll(/(?:^|,)\s*t=([^,]*)/g)].some(([, time]) => !(Number(time) <= latest))) return null;
  for (const secret of secrets) {
    try {
      const event = Stripe.webhooks.constructEvent(body, header, secret, TOLERANCE_SECONDS);
      return eventSchema.safeParse(event).data ?? null;
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeSignatureVerificationError)) return null;
    }
  }
  return null;
}

/** Rejects thin events and other signed bodies. Stripe sends the members that have a default; tests may omit them. */
const eventSchema = z.looseObject({
  id: z.string().regex(/^[\w-]{1,255}$/),
  object: z.literal('event'),
  api_version: z
    .string()
    .regex(/^[\w.-]{1,100}$/)
    .nullable()
    .default(null),
  created: z
    .int()
    .min(0)
    .max(LAST_SECOND)
    .default(() => Math.floor(Date.now() / 1_000)),
  livemode: z.boolean().default(false),
  type: z.string().regex(/^[\w.]{1,255}$/),
  data: z.looseObject({ object: z.looseObject({}), previous_attributes: z.looseObject({}).nullish() }),
});

type SignedEvent = z.output<typeof eventSchema>;
