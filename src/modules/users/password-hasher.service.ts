import { availableParallelism } from 'node:os';
import { Injectable } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import { RateLimitedError } from '../../common/errors/common.errors.js';
import { normalised } from './password-rules.js';

// OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, two passes, one lane.
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

const RUNNING = Math.min(2, availableParallelism());
const WAITING = 64;
const MAX_WAIT_MS = 2_000;

interface Waiter {
  readonly start: () => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Argon2id behind a bounded queue. Each hash takes 19 MiB and milliseconds of a core, so a flood of sign-ins would
 * otherwise take the whole process.
 *
 * Every method throws RateLimitedError when the queue is full or the wait takes longer than 2 s.
 */
@Injectable()
export class PasswordHasherService {
  private running = 0;
  private readonly waiting: Waiter[] = [];
  private decoy: Promise<string> | undefined;

  /** @returns the hash in PHC format, with its parameters and a random salt */
  async hash(password: string): Promise<string> {
    return this.bounded(() => hash(normalised(password), PARAMETERS));
  }

  /** Does the same work where there is no hash, and returns false, so that the duration does not reveal it. */
  async verify(passwordHash: string | null, password: string): Promise<boolean> {
    const against = passwordHash ?? (await (this.decoy ??= hash('no account has this password', PARAMETERS)));
    const matches = await this.bounded(() => verify(against, normalised(password)));
    return matches && passwordHash !== null;
  }

  /** True when a hash was created with other parameters than the current ones. */
  isOutdated(passwordHash: string): boolean {
    const { memoryCost, timeCost, parallelism } = PARAMETERS;
    return !passwordHash.startsWith(`$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$`);
  }

  private async bounded<T>(work: () => Promise<T>): Promise<T> {
    if (this.running < RUNNING) this.running += 1;
    else await this.waitForTurn();
    try {
      return await work();
    } finally {
      this.startNext();
    }
  }

  private waitForTurn(): Promise<void> {
    if (this.waiting.length >= WAITING) throw new RateLimitedError(MAX_WAIT_MS / 1_000);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        start: resolve,
        timer: setTimeout(() => {
          this.waiting.splice(this.waiting.indexOf(waiter), 1);
          reject(new RateLimitedError(MAX_WAIT_MS / 1_000));
        }, MAX_WAIT_MS),
      };
      this.waiting.push(waiter);
    });
  }

  private startNext(): void {
    const next = this.waiting.shift();
    if (!next) {
      this.running -= 1;
      return;
    }
    clearTimeout(next.timer);
    next.start();
  }
}
