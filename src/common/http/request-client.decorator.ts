import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Client } from '../client.js';

export interface RequestWithClient {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly ip: string;
}

const MAX_DEVICE_LENGTH = 300;

/** The client of a request: its address and the name of its software. */
export function clientOf({ headers, ip }: RequestWithClient): Client {
  const device = String(headers['user-agent'] ?? '')
    .replace(/[^\x20-\x7e]/g, '')
    .trim()
    .slice(0, MAX_DEVICE_LENGTH);
  return { device: device === '' ? null : device, ip };
}

export const RequestClient = createParamDecorator((_: unknown, context: ExecutionContext): Client =>
  clientOf(context.switchToHttp().getRequest<RequestWithClient>()),
);
