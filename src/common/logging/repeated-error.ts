import type { Logger } from '@nestjs/common';

const EVERY_MS = 600_000;

/** Logs an error that may occur many times at once, at most once in ten minutes. */
export class RepeatedError {
  private next = 0;
  private leftOut = 0;

  constructor(private readonly logger: Pick<Logger, 'error'>) {}

  /** @param details follow the message, as those of a logger do */
  log(message: string, ...details: unknown[]): void {
    if (performance.now() < this.next) {
      this.leftOut += 1;
      return;
    }
    const text = this.leftOut === 0 ? message : `${message} (and ${this.leftOut} times more since the last such line)`;
    this.logger.error(text, ...details);
    this.next = performance.now() + EVERY_MS;
    this.leftOut = 0;
  }
}
