import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { AttachmentLinkResponse } from './attachment.response.js';
import type { AttachmentLink } from './links.service.js';

/** Addresses of links: at PUBLIC_URL, or else where the client has reached this process. */
@Injectable()
export class LinkAddresses {
  constructor(@InjectConfig() private readonly config: Config) {}

  toResponse({ token, expiresAt }: AttachmentLink, { protocol, host }: FastifyRequest): AttachmentLinkResponse {
    const path = `/file/${token}`;
    const base = this.config.PUBLIC_URL ?? `${protocol}://${host}`;
    return { url: URL.canParse(path, base) ? new URL(path, base).href : path, expires_at: expiresAt.toISOString() };
  }
}
