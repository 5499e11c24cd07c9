import { createHmac } from 'node:crypto';

/** The kind of a delivery's signature. The receiver must refuse all but `valid`. */
export const SIGNATURES = ['valid', 'forged', 'altered', 'stale', 'future'] as const;
export type SignatureKind = (typeof SIGNATURES)[number];

const OUTSIDE_THE_WINDOW = 600;

/**
 * The `Stripe-Signature` header: the time in real seconds and one v1 for each secret, so that a receiver may rotate
 * them. https://docs.stripe.com/webhooks#verify-manually
 */
export function signatureHeader(payload: string, secrets: readonly string[], kind: SignatureKind, nowMs = Date.now()): string {
  const shift = kind === 'stale' ? -OUTSIDE_THE_WINDOW : kind === 'future' ? OUTSIDE_THE_WINDOW : 0;
  const time = Math.floor(nowMs / 1000) + shift;
  const used = kind === 'forged' ? ['whsec_not_the_secret'] : secrets;
  const signatures = used.map((secret) => `v1=${createHmac('sha256', secret).update(`${time}.${payload}`).digest('hex')}`);
  return [`t=${time}`, ...signatures].join(',');
}
