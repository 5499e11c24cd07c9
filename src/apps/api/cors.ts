import type { FastifyReply, FastifyRequest } from 'fastify';
import { isAllowedOrigin } from '../../common/http/allowed-origins.js';
import type { Config } from '../../config/env.js';

const EXPOSED = ['Location', 'ETag', 'Retry-After', 'RateLimit', 'RateLimit-Policy', 'Cache-Status', 'X-Request-Id'];

/** The requests that pages of CORS_ORIGINS may send, and the headers that they may read. */
export const corsOptions = ({ CORS_ORIGINS }: Config) => ({
  origin: (origin: string | undefined, answer: (error: null, isAllowed: boolean) => void) => {
    answer(null, origin !== undefined && isAllowedOrigin(origin, CORS_ORIGINS));
  },
  credentials: true,
  // The strict check refuses an OPTIONS request that is no preflight with plain text.
  strictPreflight: false,
  maxAge: 600,
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowedHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'If-None-Match', 'Last-Event-ID', 'X-Request-Id'],
  exposedHeaders: EXPOSED,
});

/** Sets the CORS headers of a request that the router refuses before any hook runs. */
export function setCorsHeaders({ headers: { origin } }: FastifyRequest, reply: FastifyReply, { CORS_ORIGINS }: Config): void {
  if (origin === undefined || !isAllowedOrigin(origin, CORS_ORIGINS)) return;
  reply
    .header('access-control-allow-origin', origin)
    .header('access-control-allow-credentials', 'true')
    .header('access-control-expose-headers', EXPOSED.join(', '));
}
