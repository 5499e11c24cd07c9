import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Client } from '../sessions.service.js';

const MAX_DEVICE_LENGTH = 300;

/** Where the request comes from: its address, and what its software calls itself. */
export const RequestClient = createParamDecorator((_: unknown, context: ExecutionContext): Client => {
  const { headers, ip } = context.switchToHttp().getRequest<FastifyRequest>();
  const device = (headers['user-agent'] ?? '')
    .replace(/[^\x20-\x7e]/g, '')
    .trim()
    .slice(0, MAX_DEVICE_LENGTH);
  return { device: device === '' ? null : device, ip };
});
