import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { Actor } from '../actor.js';

export const PUBLIC_METADATA = 'access:public';
export const PUBLIC_EXTENSION = 'x-public';

/** `identified`: the handler knows a caller who sends a valid token. */
export type PublicAccess = 'anonymous' | 'identified';

/**
 * Opens a route, or every route of a controller, to callers without a token. Every other route requires one.
 *
 * @param options.identify true when the handler needs to know a caller who sends a valid token. An invalid one counts
 *   as none
 */
export const Public = ({ identify = false }: { identify?: boolean } = {}) =>
  applyDecorators(
    SetMetadata(PUBLIC_METADATA, (identify ? 'identified' : 'anonymous') satisfies PublicAccess),
    ApiExtension(PUBLIC_EXTENSION, true),
  );

export const ACCESS_METADATA = 'access:required';
export const ACCESS_EXTENSION = 'x-access';

/** Conditions that a route sets for its signed-in caller. */
export type RequiredAccess = 'admin' | 'verified_number';

const requireAccess = (value: RequiredAccess) =>
  applyDecorators(SetMetadata(ACCESS_METADATA, value), ApiExtension(ACCESS_EXTENSION, value));

/** Restricts a route, or every route of a controller, to administrators. */
export const AdminOnly = () => requireAccess('admin');

/** Restricts a route to users with a verified mobile number, when `REQUIRE_VERIFIED_NUMBER` is true. */
export const VerifiedNumberOnly = () => requireAccess('verified_number');

/** The signed-in caller. It exists only on routes that are not public. */
export const CurrentActor = createParamDecorator((_: unknown, context: ExecutionContext): Actor => {
  const { user } = context.switchToHttp().getRequest<{ user?: Actor }>();
  if (!user) throw new Error('CurrentActor is used on a public route.');
  return user;
});

/** The caller of a public route that identifies its callers; null when the request has no valid token. */
export const OptionalActor = createParamDecorator(
  (_: unknown, context: ExecutionContext): Actor | null => context.switchToHttp().getRequest<{ user?: Actor }>().user ?? null,
);
