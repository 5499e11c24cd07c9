import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { Actor } from '../actor.js';

export const PUBLIC_METADATA = 'access:public';
export const PUBLIC_EXTENSION = 'x-public';

/** `identified`: a caller who gives a valid token is known to the handler. */
export type PublicAccess = 'anonymous' | 'identified';

/**
 * Opens a route, or every route of a controller, to callers without a token. Every other route demands one.
 *
 * @param options.identify whether a valid token, if there is one, tells the handler who calls; an invalid one is as none
 */
export const Public = ({ identify = false }: { identify?: boolean } = {}) =>
  applyDecorators(
    SetMetadata(PUBLIC_METADATA, (identify ? 'identified' : 'anonymous') satisfies PublicAccess),
    ApiExtension(PUBLIC_EXTENSION, true),
  );

export const ACCESS_METADATA = 'access:demand';
export const ACCESS_EXTENSION = 'x-access';

/** What a route demands of its caller beyond being signed in. */
export type AccessDemand = 'admin' | 'verified_number';

const demand = (value: AccessDemand) => applyDecorators(SetMetadata(ACCESS_METADATA, value), ApiExtension(ACCESS_EXTENSION, value));

/** Closes a route, or every route of a controller, to everybody but administrators. */
export const AdminOnly = () => demand('admin');

/** Closes a route to users who have not verified their mobile number, where `REQUIRE_VERIFIED_NUMBER` says so. */
export const VerifiedNumberOnly = () => demand('verified_number');

/** The signed-in caller; only on routes that are not public. */
export const CurrentActor = createParamDecorator((_: unknown, context: ExecutionContext): Actor => {
  const { user } = context.switchToHttp().getRequest<{ user?: Actor }>();
  if (!user) throw new Error('CurrentActor on a public route');
  return user;
});

/** The caller of a route that is public but identifies; null without a valid token. */
export const OptionalActor = createParamDecorator(
  (_: unknown, context: ExecutionContext): Actor | null => context.switchToHttp().getRequest<{ user?: Actor }>().user ?? null,
);
