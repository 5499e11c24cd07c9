import { Injectable } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { codeKeyFrom, codeOf, isCodeOf } from './one-time-code.js';

/**
 * The codes of this deployment. While a new JWT_SECRET is rolled out, codes of JWT_SECRET_PREVIOUS are accepted too.
 */
@Injectable()
export class OneTimeCodesService {
  private readonly key: Buffer;
  private readonly previousKey: Buffer | null;

  constructor(@InjectConfig() { JWT_SECRET, JWT_SECRET_PREVIOUS }: Config) {
    if (JWT_SECRET === undefined) throw new Error('JWT_SECRET is required by every entry point that signs people in');
    this.key = codeKeyFrom(JWT_SECRET);
    this.previousKey = JWT_SECRET_PREVIOUS === undefined ? null : codeKeyFrom(JWT_SECRET_PREVIOUS);
  }

  codeOf(challengeId: string): string {
    return codeOf(challengeId, this.key);
  }

  isCodeOf(challengeId: string, given: string): boolean {
    return isCodeOf(challengeId, given, this.key) || (this.previousKey !== null && isCodeOf(challengeId, given, this.previousKey));
  }
}
