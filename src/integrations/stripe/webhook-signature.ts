import Stripe from 'stripe';
import { z } from 'zod';

/** Stripe's own tolerance for the time of a signature, in the past and in the future. */
const TOLERANCE_SECONDS = 300;
/** The last second of the year 9999. */
const LAST_SECOND = 253_402_300_799;

/**
 * The event in the body of a webhook; null unless one of the secrets signed these bytes within five minutes of now.
 * `thin` for a thin event, which names an object and does not contain it: nothing here asked for one.
 * https://docs.stripe.com/webhooks#verify-manually, https://docs.stripe.com/event-destinations#thin-events
 *
 * @param header the `Stripe-Signature` header
 * @param secrets more than one while they are rotated
 */
export function verifyEvent(body: Buffer, header: string, secrets: readonly string[]): SignedEvent | 'thin' | null {
  // The SDK accepts any time in the future.
  const latest = Date.now() / 1_000 + TOLERANCE_SECONDS;
  if ([...header.matchAll(/(?:^|,)\s*t=([^,]*)/g)].some(([, time]) => !(Number(time) <= latest))) return null;
  const { signature } = Stripe.webhooks;
  if (signature === null) throw new Error('the SDK has no verification of signatures');
  for (const secret of secrets) {
    try {
      // `constructEvent` throws for a thin event.
      signature.verifyHeader(body, header, secret, TOLERANCE_SECONDS);
    } catch (error) {
      if (error instanceof Stripe.errors.StripeSignatureVerificationError) continue;
      return null;
    }
    const event = parseJson(body);
    return thinEventSchema.safeParse(event).success ? 'thin' : (eventSchema.safeParse(event).data ?? null);
  }
  return null;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return null;
  }
}

const thinEventSchema = z.looseObject({ object: z.literal('v2.core.event') });

/** Rejects other signed bodies. Stripe sends the members that have a default; tests may omit them. */
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
