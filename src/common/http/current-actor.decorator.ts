import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { Actor } from '../actor.js';

export const PUBLIC_METADATA = 'access:public';
export const PUBLIC_EXTENSION = 'x-public';

/** Opens a route, or every route of a controller, to callers without a token. Every other route demands one. */
export const Public = () => applyDecorators(SetMetadata(PUBLIC_METADATA, true), ApiExtension(PUBLIC_EXTENSION, true));

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
