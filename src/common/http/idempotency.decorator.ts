import { applyDecorators, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { ValidationFailedError } from '../errors/common.errors.js';
import { findUnsafeText } from './safe-text.js';
import { fingerprintOf, isIdempotencyKey, type IdempotencyKey } from '../idempotency-key.js';

interface RequestLike {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

/** The `Idempotency-Key` of the request; null when it has none. */
export const Idempotency = createParamDecorator((_: unknown, context: ExecutionContext): IdempotencyKey | null => {
  const { method, url, headers, body } = context.switchToHttp().getRequest<RequestLike>();
  const key = headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key !== 'string' || !isIdempotencyKey(key)) {
    throw new ValidationFailedError([{ field: 'Idempotency-Key', message: 'Idempotency-Key must be 1 to 255 printable ASCII characters' }]);
  }
  const path = (url.split('?', 1)[0] ?? '').replace(/\/+$/, '').toLowerCase();
  return { scope: `${method} ${path}`, key, fingerprint: findUnsafeText(body).length > 0 ? Buffer.alloc(32) : fingerprintOf(body) };
});

export const ApiIdempotencyKey = () =>
  applyDecorators(
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      schema: { type: 'string', minLength: 1, maxLength: 255 },
      description:
        'A repeat with the same key and body within 24 h answers the first result again; with another body: 409 `idempotency_key_reused`.',
    }),
  );
