import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

export const UNTHROTTLED_METADATA = 'throttle:off';
export const UNTHROTTLED_EXTENSION = 'x-unthrottled';
export const SIGN_IN_METADATA = 'throttle:sign_in';

/** Takes a route, or every route of a controller, out of the throttles. */
export const Unthrottled = () => applyDecorators(SetMetadata(UNTHROTTLED_METADATA, true), ApiExtension(UNTHROTTLED_EXTENSION, true));

/** Puts the public routes of a controller under the stricter throttle of signing in. */
export const ThrottledAsSignIn = () => SetMetadata(SIGN_IN_METADATA, true);
