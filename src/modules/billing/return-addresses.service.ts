import type { AddressInfo } from 'node:net';
import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ValidationFailedError } from '../../common/errors/common.errors.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';

/** Stripe replaces it with the session's id. */
const SESSION_PLACEHOLDER = '{CHECKOUT_SESSION_ID}';
/**
 * Addresses that all parsers read alike. Only browsers read `https://here\\@there` as an address at `here`, and skip
 * invisible characters.
 */
const PLAIN_ADDRESS = /^https?:\/\/[^/\\\s\p{C}][^\\\s\p{C}]*$/iu;
/** The backend's own page, for payers of an installation without a frontend. */
export const RETURN_PATH = '/subscription/return';

/**
 * Decides where Stripe's pages may send a payer: only to allowed origins, so that Stripe's pages are no open redirect.
 */
@Injectable()
export class ReturnAddressesService {
  constructor(
    private readonly http: HttpAdapterHost,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws ValidationFailedError for an address that is not allowed, or missing where there is no default */
  forCheckout(given: { successUrl?: string | undefined; cancelUrl?: string | undefined }): { successUrl: string; cancelUrl: string } {
    const base = this.base();
    const query = (text: string) => (base === null ? null : `${base}${base.includes('?') ? '&' : '?'}${text}`);
    return {
      successUrl: this.choose('success_url', given.successUrl, query(`checkout_session_id=${SESSION_PLACEHOLDER}`)),
      cancelUrl: this.choose('cancel_url', given.cancelUrl, query('checkout=cancelled')),
    };
  }

  /** @throws ValidationFailedError */
  forPortal({ returnUrl }: { returnUrl?: string | undefined }): string {
    return this.choose('return_url', returnUrl, this.base());
  }

  private choose(field: string, given: string | undefined, byDefault: string | null): string {
    if (given === undefined) {
      if (byDefault === null) throw new ValidationFailedError([{ field, message: `${field} is needed: there is no default` }]);
      return byDefault;
    }
    const url = PLAIN_ADDRESS.test(given) ? URL.parse(given) : null;
    if (url?.username === '' && url.password === '' && this.allowedOrigins().includes(url.origin)) return given;
    throw new ValidationFailedError([{ field, message: `${field} must be an absolute address at an allowed origin` }]);
  }

  private allowedOrigins(): readonly string[] {
    if (this.config.RETURN_ORIGINS.length > 0) return this.config.RETURN_ORIGINS;
    const base = this.base();
    return base === null ? [] : [new URL(base).origin];
  }

  private base(): string | null {
    if (this.config.FRONTEND_URL !== undefined) return new URL(this.config.FRONTEND_URL).href;
    const publicUrl = this.config.PUBLIC_URL ?? this.listeningAt();
    return publicUrl === null ? null : publicUrl.replace(/\/+$/, '') + RETURN_PATH;
  }

  /** Null in production, where the browser is on another machine. */
  private listeningAt(): string | null {
    if (this.config.NODE_ENV === 'production') return null;
    const address = (this.http.httpAdapter.getHttpServer() as { address(): AddressInfo | null }).address();
    if (address === null) return null;
    const { HOST } = this.config;
    const host = HOST === '0.0.0.0' || HOST === '::' ? 'localhost' : HOST.includes(':') ? `[${HOST}]` : HOST;
    return `http://${host}:${address.port}`;
  }
}
