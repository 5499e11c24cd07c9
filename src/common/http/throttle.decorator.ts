import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

export const UNTHROTTLED_METADATA = 'throttle:off';
export const UNTHROTTLED_EXTENSION = 'x-unthrottled';
export const SIGN_IN_METADATA = 'throttle:sign_in';

/** Exempts a route, or every route of a controller, from throttling. */
export const Unthrottled = () => applyDecorators(SetMetadata(UNTHROTTLED_METADATA, true), ApiExtension(UNTHROTTLED_EXTENSION, true));

/** Applies the stricter limit of sign-ins to the public routes of a controller. */
export const ThrottledAsSignIn = () => SetMetadata(SIGN_IN_METADATA, true);

export const PAYMENT_METADATA = 'throttle:payment';

/** The requests of a route that have Stripe asked: all, or those with a parameter in the query. */
export interface PaymentThrottle {
  readonly withQuery: string | null;
}

/** Counts requests for which Stripe is asked apart from the others of their user: Stripe has limits of its own. */
export const ThrottledAsPayment = ({ withQuery = null }: Partial<PaymentThrottle> = {}) =>
  SetMetadata(PAYMENT_METADATA, { withQuery } satisfies PaymentThrottle);
