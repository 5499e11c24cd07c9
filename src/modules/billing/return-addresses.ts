import type { AddressInfo } from 'node:net';
import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ValidationFailedError } from '../../common/errors/common.errors.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';

/** Stripe puts the session's id in its place. */
const SESSION_PLACEHOLDER = '{CHECKOUT_SESSION_ID}';
/** What every reader of addresses reads alike: elsewhere than in browsers `https://here\\@there` leads there, and what is invisible is not skipped. */
const PLAIN_ADDRESS = /^https?:\/\/[^/\\\s\p{C}][^\\\s\p{C}]*$/iu;
/** The page of ours for payers of an installation without a frontend. */
export const RETURN_PATH = '/subscription/return';

/** Where payers may be sent from the pages of Stripe: to nowhere but ours, or Stripe's good name would lead to anybody's page. */
@Injectable()
export class ReturnAddresses {
  constructor(
    private readonly http: HttpAdapterHost,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws ValidationFailedError for an address that is not allowed, or missing where there is no default */
  forCheckout(given: { successUrl: string | null; cancelUrl: string | null }): { successUrl: string; cancelUrl: string } {
    const base = this.base();
    const query = (text: string) => (base === null ? null : `${base}${base.includes('?') ? '&' : '?'}${text}`);
    return {
      successUrl: this.choose('success_url', given.successUrl, query(`checkout_session_id=${SESSION_PLACEHOLDER}`)),
      cancelUrl: this.choose('cancel_url', given.cancelUrl, query('checkout=cancelled')),
    };
  }

  /** @throws ValidationFailedError */
  forPortal(returnUrl: string | null): string {
    return this.choose('return_url', returnUrl, this.base());
  }

  private choose(field: string, given: string | null, byDefault: string | null): string {
    if (given === null) {
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

  /** Good enough where the browser is on this machine. */
  private listeningAt(): string | null {
    if (this.config.NODE_ENV === 'production') return null;
    const address = (this.http.httpAdapter.getHttpServer() as { address(): AddressInfo | null }).address();
    if (address === null) return null;
    const { HOST } = this.config;
    const host = HOST === '0.0.0.0' || HOST === '::' ? 'localhost' : HOST.includes(':') ? `[${HOST}]` : HOST;
    return `http://${host}:${address.port}`;
  }
}
